import { toClientKey } from '../../client-key.js'
import { ConfigurationError } from '../../errors.js'
import { Secret } from '../../secret.js'
import { type Credential, neverRefreshed, type OAuthRefreshState } from '../../storage/credential.js'
import type { ClientKey } from '../../storage/storage.js'
import { checkFields, type FileFields, type FileKeyEntry } from './file-format.js'

/** What one credential file says. */
export interface FileContent {
  /** Null where the file has none of its own. */
  readonly credential: Credential | null
  /** In the order of the file: `client_api_key` first. */
  readonly clientKeys: readonly ClientKey[]
  /** Whether the file holds client keys alone, and so stands for the default credential. */
  readonly needsDefault: boolean
}

/**
 * Reads the text of a credential file in the guide's formats.
 *
 * @throws ConfigurationError that names the file and field, never a value
 */
export function readContent(path: string, domain: string, text: string): FileContent {
  const checked = checkFields(parseJson(path, text))
  if ('problem' in checked) throw new ConfigurationError(path, checked.problem)
  const { fields } = checked
  const clientKeys = toEntries(fields).map((entry) => toRecord(entry, domain))
  if (new Set(clientKeys.flatMap(({ keyId, digest }) => [keyId, digest])).size < clientKeys.length * 2) {
    throw new ConfigurationError(path, 'client_api_keys holds the same key twice')
  }
  return { credential: toCredential(fields), clientKeys, needsDefault: fields.type === undefined }
}

/**
 * The JSON in the text of a credential file.
 *
 * @throws ConfigurationError that names the file
 */
export function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new ConfigurationError(path, `is not valid JSON${describePlace(text, error)}`)
  }
}

/** Where the parser stopped, if it says so. The rest of its message quotes the text. */
function describePlace(text: string, error: unknown): string {
  const [, position] = /in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec((error as Error).message) ?? []
  if (position === undefined) return ''
  const lines = text.slice(0, Number(position)).split('\n')
  return `: see line ${lines.length}, column ${lines.at(-1)!.length + 1}`
}

function toCredential(fields: FileFields): Credential | null {
  switch (fields.type) {
    case 'api_key':
      return { type: 'api_key', apiKey: new Secret(fields.api_key) }
    case 'oauth':
      return {
        type: 'oauth',
        accessToken: new Secret(fields.access_token),
        refreshToken: fields.refresh_token == null ? null : new Secret(fields.refresh_token),
        expiresAt: fields.expires_at ?? null,
        ...(fields.subscription != null && { subscription: fields.subscription }),
        refresh: toRefreshState(fields.refresh),
      }
    case 'federation':
      return {
        type: 'federation',
        federationRuleId: fields.federation_rule_id,
        organizationId: fields.organization_id,
        serviceAccountId: fields.service_account_id,
        workspaceId: fields.workspace_id ?? null,
        assertionFile: fields.assertion_file ?? null,
      }
    case 'sealed':
      return { type: 'sealed', ringKeyId: fields.ring_key_id, sealed: fields.sealed }
    default:
      return null
  }
}

function toRefreshState(refresh: Extract<FileFields, { type: 'oauth' }>['refresh']): OAuthRefreshState {
  if (refresh === undefined) return neverRefreshed
  const { refreshed_at: refreshedAt = null, intent, failure } = refresh
  return {
    refreshedAt,
    intent: intent ? { tokenDigest: intent.token_digest, startedAt: intent.started_at, owner: intent.owner } : null,
    failure: failure
      ? { at: failure.at, error: failure.error, permanent: failure.permanent, retryAt: failure.retry_at }
      : null,
  }
}

function toEntries(fields: FileFields): FileKeyEntry[] {
  const single = fields.client_api_key === undefined ? [] : [{ key: fields.client_api_key }]
  return [...single, ...(fields.client_api_keys ?? [])]
}

function toRecord(entry: FileKeyEntry, domain: string): ClientKey {
  if ('key' in entry) return toClientKey(entry.key, { domain, label: null, createdAt: null, expiresAt: null })
  return {
    domain,
    digest: entry.digest,
    keyId: entry.keyId ?? toHandle(entry.digest),
    label: entry.label ?? null,
    lastFour: entry.last_four ?? null,
    createdAt: entry.created_at ?? null,
    expiresAt: entry.expires_at ?? null,
    revokedAt: entry.revoked_at ?? null,
    replacedBy: entry.replaced_by ?? null,
  }
}

/** Stands in for the id of a key of which only the digest is known, so that it can be listed and revoked. */
function toHandle(digest: string): string {
  return digest.slice(0, 8)
}
