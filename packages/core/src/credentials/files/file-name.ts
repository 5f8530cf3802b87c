import { ConfigurationError } from '../../errors.js'

/** Labels of a host name, lower case (RFC 1123 section 2.1); "*." before them for a wildcard. */
const DOMAIN = String.raw`(?:\*\.)?(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*?`
const FILE_NAME = new RegExp(String.raw`^(${DOMAIN})(?:\.credentials)?\.json$`)
const WHOLE_DOMAIN = new RegExp(`^${DOMAIN}$`)
/** What file systems take as a name is 255 bytes; `.credentials.json` is part of it. */
const MAX_DOMAIN_LENGTH = 238

/** Whether a file of this name is meant as a credential file: JSON, and neither hidden nor an editor's own. */
export function isCredentialFileName(name: string): boolean {
  return name.endsWith('.json') && !name.startsWith('.') && !name.startsWith('#')
}

/** The domain that the name of a credential file stands for; null where it is not a host name in lower case. */
export function toDomain(name: string): string | null {
  const domain = FILE_NAME.exec(name)?.[1]
  return domain === undefined || domain.length > MAX_DOMAIN_LENGTH ? null : domain
}

/**
 * Checks the name of a domain that is to be stored.
 *
 * @throws ConfigurationError `domain` where it is not a host name in lower case, with or without `*.` before it
 */
export function assertDomain(domain: string): void {
  if (domain.length <= MAX_DOMAIN_LENGTH && WHOLE_DOMAIN.test(domain)) return
  throw new ConfigurationError('domain', 'is not a host name in lower case, such as example.com')
}

/**
 * The name of the file that a new domain gets.
 *
 * @throws ConfigurationError `domain` as {@link assertDomain}: what is no host name may not become part of a path
 */
export function toFileName(domain: string): string {
  assertDomain(domain)
  return `${domain}.credentials.json`
}
