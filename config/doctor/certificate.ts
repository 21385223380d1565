/** The doctor on TLS_CERT and TLS_KEY: readable, valid today and for some weeks, for the right name, and belonging together. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { Env } from '../env.ts';
import { broken, type Finding, ok, warning } from './finding.ts';

const DAY_MS = 86_400_000;
const SOON_DAYS = 21;

export function checkCertificate(
  { TLS_CERT, TLS_KEY, PUBLIC_HOST }: Pick<Env, 'TLS_CERT' | 'TLS_KEY' | 'PUBLIC_HOST'>,
  nowMs = Date.now(),
): Finding[] {
  if (!TLS_CERT || !TLS_KEY) return [];
  const subject = 'certificate';
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(TLS_CERT));
  } catch (error) {
    return [
      broken(
        subject,
        `TLS_CERT ${TLS_CERT} cannot be read (${(error as Error).message})`,
        'give the PEM file with the whole chain, readable by this user',
      ),
    ];
  }
  return [checkDates(certificate, nowMs), checkKey(certificate, TLS_KEY), ...checkName(certificate, PUBLIC_HOST)];
}

function checkDates(certificate: X509Certificate, nowMs: number): Finding {
  const subject = 'certificate dates';
  const days = Math.floor((Date.parse(certificate.validTo) - nowMs) / DAY_MS);
  if (Date.parse(certificate.validFrom) > nowMs)
    return broken(subject, `valid only from ${certificate.validFrom} on`, 'check the clock of this machine, or get a new certificate');
  if (days < 0) return broken(subject, `expired on ${certificate.validTo}`, 'get a new certificate and restart');
  if (days < SOON_DAYS) return warning(subject, `expires in ${days} days`, 'get a new certificate; automate it');
  return ok(subject, `valid for ${days} more days`);
}

function checkKey(certificate: X509Certificate, file: string): Finding {
  const subject = 'certificate key';
  try {
    const matches = certificate.checkPrivateKey(createPrivateKey(readFileSync(file)));
    return matches
      ? ok(subject, 'belongs to the certificate')
      : broken(subject, 'TLS_KEY does not belong to TLS_CERT', 'give the key that the certificate was made for');
  } catch (error) {
    return broken(
      subject,
      `TLS_KEY ${file} cannot be read (${(error as Error).message})`,
      'give the PEM file of the key without a passphrase, readable by this user',
    );
  }
}

function checkName(certificate: X509Certificate, host: string): Finding[] {
  if (!host) return [];
  const matches = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host);
  const names = certificate.subjectAltName ?? certificate.subject;
  return matches
    ? [ok('certificate name', `is for ${host}`)]
    : [broken('certificate name', `is for ${names}, not for ${host}`, 'get a certificate for PUBLIC_HOST')];
}
