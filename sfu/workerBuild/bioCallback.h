// Force-included before DtlsTransport.cpp, whose BIO callback answers 1 to every control operation.
// An OpenSSL built with kernel TLS (Debian's is) takes that for "kernel TLS is on", allocates no write buffer,
// and the worker dies at the first DTLS handshake. Here the callback sees writes only; all else gets OpenSSL's own answer.
#pragma once

#include <openssl/bio.h>

static BIO_callback_fn_ex centralinoWriteCallback = nullptr;

static long centralinoBioCallback(
  BIO* bio, int operation, const char* data, size_t len, int argi, long argl, int ret, size_t* processed)
{
	if (operation == BIO_CB_WRITE)
	{
		return centralinoWriteCallback(bio, operation, data, len, argi, argl, ret, processed);
	}

	return (operation & BIO_CB_RETURN) ? ret : 1;
}

#define BIO_set_callback_ex(bio, callback) \
	(centralinoWriteCallback = (callback), (BIO_set_callback_ex)(bio, centralinoBioCallback))
