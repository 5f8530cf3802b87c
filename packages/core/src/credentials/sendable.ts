import { ConfigurationError, ProxyError } from '../errors.js'
import type { Secret } from '../secret.js'
import { isCredentialText } from '../storage/credential.js'

/**
 * Checks what is about to be put into a header: files and commands look at what they take, a host's own store need not.
 *
 * @throws ProxyError `credential_unavailable` with a cause that names the field
 */
export function assertSendable(domain: string, field: 'apiKey' | 'accessToken', secret: Secret): void {
  if (isCredentialText(secret.expose())) return
  const cause = new ConfigurationError(
    `credentials.${domain}.${field}`,
    'is empty, or has spaces, line breaks or other characters that cannot stand in a header: store it anew',
  )
  throw new ProxyError('credential_unavailable', { cause })
}
