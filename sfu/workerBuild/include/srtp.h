// The part of libsrtp 3's interface that the worker uses, on top of Debian's libsrtp 2.
// Version 3 has policy objects and separate in and out buffers; version 2 has a plain struct and works in place.
// Functions of one name and different parameters are overloads here; only the policy type needs another name.
#pragma once

#define srtp_policy_t srtp2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

// Two codes that version 2 lacks. They are only ever looked up by name here.
inline constexpr srtp_err_status_t srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
inline constexpr srtp_err_status_t srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(29);

struct srtp3_policy
{
	srtp2_policy_t inner;
	srtp_profile_t profile;
	unsigned char key[SRTP_MAX_KEY_LEN];
};

using srtp_policy_t = srtp3_policy*;

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* policy)
{
	*policy = new (std::nothrow) srtp3_policy();

	return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	if (policy)
	{
		// Keys do not stay in freed memory.
		volatile unsigned char* key = policy->key;

		for (size_t i = 0; i < sizeof(policy->key); ++i)
		{
			key[i] = 0;
		}
	}

	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	policy->inner.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	policy->profile = profile;

	const auto status = srtp_crypto_policy_set_from_profile_for_rtp(&policy->inner.rtp, profile);

	return status != srtp_err_status_ok ? status
	                                    : srtp_crypto_policy_set_from_profile_for_rtcp(&policy->inner.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t mkiLen)
{
	// Version 2 takes key and salt as one piece; the worker never uses an MKI.
	if (mkiLen != 0 || keyLen + saltLen > sizeof(policy->key))
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(policy->key, key, keyLen);
	std::memcpy(policy->key + keyLen, salt, saltLen);
	policy->inner.key = policy->key;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	policy->inner.allow_repeat_tx = allow ? 1 : 0;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, size_t size)
{
	policy->inner.window_size = static_cast<unsigned long>(size);

	return srtp_err_status_ok;
}

// Version 2 copies the key material, so the policy may be destroyed afterwards as in version 3.
inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	return srtp_create(session, static_cast<const srtp2_policy_t*>(&policy->inner));
}

// Both versions look the value up as it stands in the packet (network byte order), which is what the worker passes.
inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

namespace srtp3
{
	using InPlace = srtp_err_status_t (*)(srtp_t, void*, int*);

	// Runs an in-place function of version 2 from one buffer to another. `spare` is what it may write past the input.
	inline srtp_err_status_t Run(
	  InPlace function, srtp_t session, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t spare)
	{
		if (*outLen < inLen + spare)
		{
			return srtp_err_status_buffer_small;
		}

		if (out != in)
		{
			std::memmove(out, in, inLen);
		}

		int len           = static_cast<int>(inLen);
		const auto status = function(session, out, &len);

		if (status == srtp_err_status_ok)
		{
			*outLen = static_cast<size_t>(len);
		}

		return status;
	}
} // namespace srtp3

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t /*mkiIndex*/)
{
	return srtp3::Run(static_cast<srtp3::InPlace>(srtp_protect), session, rtp, rtpLen, srtp, srtpLen, SRTP_MAX_TRAILER_LEN);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	return srtp3::Run(static_cast<srtp3::InPlace>(srtp_unprotect), session, srtp, srtpLen, rtp, rtpLen, 0);
}

// An SRTCP packet grows by 4 octets more than the trailer: the index.
inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t /*mkiIndex*/)
{
	return srtp3::Run(
	  static_cast<srtp3::InPlace>(srtp_protect_rtcp), session, rtcp, rtcpLen, srtcp, srtcpLen, SRTP_MAX_TRAILER_LEN + 4);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	return srtp3::Run(static_cast<srtp3::InPlace>(srtp_unprotect_rtcp), session, srtcp, srtcpLen, rtcp, rtcpLen, 0);
}
