/**
 * Names that programs and people give to keys and logins, and hardly to anything else: narrower than the conventions for a
 * path that is suggested by itself, since source trees are full of files that are called something with `token`. In two
 * parts, since each file of a home is asked about: a part fails at once for most names.
 */
const ending = /.\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ovpn|gpg|age)$/i;
const whole =
  /^(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|\.netrc|\.pgpass|\.env|\.?(?:credentials?|secrets?|tokens?|passwords?)(?:\.(?:json|ya?ml|toml|ini|conf|cfg|txt|csv|env|db))?)$/i;

/** True for the name of a file that probably holds a secret. Its content is not looked at. */
export function looksSecret(name: string): boolean {
  return whole.test(name) || ending.test(name);
}
