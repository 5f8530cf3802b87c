import { ConfigurationError, type Credential, Secret } from '@agent-prompt-train/core'

/** What a credential is stored as: its own shape in JSON, which escapes what Postgres text cannot hold. */
export function toCredentialJson(credential: Credential): string {
  if (credential.type === 'api_key') return JSON.stringify({ ...credential, apiKey: credential.apiKey.expose() })
  if (credential.type !== 'oauth') return JSON.stringify(credential)
  const { accessToken, refreshToken } = credential
  return JSON.stringify({
    ...credential,
    accessToken: accessToken.expose(),
    refreshToken: refreshToken?.expose() ?? null,
  })
}

/** The credential that {@link toCredentialJson} wrote. */
export function fromCredentialJson(text: string): Credential {
  const stored = parse(text)
  if (stored.type === 'api_key') return { ...stored, apiKey: new Secret(stored.apiKey) }
  if (stored.type !== 'oauth') return stored
  const { accessToken, refreshToken } = stored
  return {
    ...stored,
    accessToken: new Secret(accessToken),
    refreshToken: refreshToken === null ? null : new Secret(refreshToken),
  }
}

/** The parser's own error quotes the text. */
function parse(text: string) {
  try {
    return JSON.parse(text)
  } catch {
    throw new ConfigurationError('database', 'holds a credential that is no JSON: store it anew')
  }
}
