import { ConfigurationError, ProxyError } from '../errors.js'
import { type ApiKeyCredential, isCredentialText, type OAuthCredential } from '../storage/credential.js'

/**
 * Checks what is about to be put into a header, and gives it back: files and commands look at what they take, a host's own
 * store need not.
 *
 * @throws ProxyError `credential_unavailable` with a cause that names the field
 */
export function sendable<Found extends ApiKeyCredential | OAuthCredential>(domain: string, credential: Found): Found {
  const [field, secret] =
    credential.type === 'api_key' ? ['apiKey', credential.apiKey] : ['accessToken', credential.accessToken]
  if (isCredentialText(secret.expose())) return credential
  const cause = new ConfigurationError(
    `credentials.${domain}.${field}`,
    'is empty, or has spaces, line breaks or other characters that cannot stand in a header: store it anew',
  )
  throw new ProxyError('credential_unavailable', { cause })
}
