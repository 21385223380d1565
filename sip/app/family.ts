/** Over which family of addresses a URI is reached, as far as it says so itself: media are offered where signalling gets through. */
export function familyAt(uri: string): 'IPv4' | 'IPv6' {
  return /^sips?:(?:[^@]*@)?\[/i.test(uri) ? 'IPv6' : 'IPv4';
}
