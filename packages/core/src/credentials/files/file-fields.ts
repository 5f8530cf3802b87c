import type { Credential, OAuthRefreshState } from '../../storage/credential.js'
import type { ClientKey } from '../../storage/storage.js'

/** The JSON of a credential file, as it stands there: what is not to change is carried over untouched. */
export type StoredFields = Readonly<Record<string, unknown>>

/** The fields with another credential, client keys untouched; null where nothing is left to store. */
export function withCredential(fields: StoredFields, credential: Credential | null): StoredFields | null {
  const { client_api_key: single, client_api_keys: list } = fields
  const keys = {
    ...(single !== undefined && { client_api_key: single }),
    ...(list !== undefined && { client_api_keys: list }),
  }
  if (credential !== null) return { ...toFields(credential), ...keys }
  const hasKeys = single !== undefined || (Array.isArray(list) && list.length > 0)
  // Said outright: client keys alone could also be an accident, which would leave the old credential in use.
  return hasKeys ? { type: 'none', ...keys } : null
}

/** The fields with one client key more, credential untouched. */
export function withAddedKey(fields: StoredFields, key: ClientKey): StoredFields {
  return { ...fields, client_api_keys: [...listOf(fields), toEntry(key)] }
}

/** The fields with the client key at `index` (`client_api_key` counts first) as a digest with its facts. */
export function withChangedKey(fields: StoredFields, index: number, key: ClientKey): StoredFields {
  const { client_api_key: single, ...others } = fields
  if (single === undefined) return { ...fields, client_api_keys: listOf(fields).with(index, toEntry(key)) }
  return index === 0
    ? { ...others, client_api_keys: [toEntry(key), ...listOf(fields)] }
    : { ...fields, client_api_keys: listOf(fields).with(index - 1, toEntry(key)) }
}

/** The text of a credential file. */
export function toFileText(fields: StoredFields): string {
  return `${JSON.stringify(fields, null, 2)}\n`
}

function listOf(fields: StoredFields): readonly unknown[] {
  return Array.isArray(fields.client_api_keys) ? fields.client_api_keys : []
}

function toFields(credential: Credential): StoredFields {
  switch (credential.type) {
    case 'api_key':
      return { type: 'api_key', api_key: credential.apiKey.expose() }
    case 'oauth':
      return {
        type: 'oauth',
        access_token: credential.accessToken.expose(),
        ...(credential.refreshToken !== null && { refresh_token: credential.refreshToken.expose() }),
        ...(credential.expiresAt !== null && { expires_at: toDate(credential.expiresAt) }),
        ...(credential.subscription !== undefined && { subscription: credential.subscription }),
        ...toRefreshField(credential.refresh),
      }
    case 'federation':
      return {
        type: 'federation',
        federation_rule_id: credential.federationRuleId,
        organization_id: credential.organizationId,
        service_account_id: credential.serviceAccountId,
        ...(credential.workspaceId !== null && { workspace_id: credential.workspaceId }),
        ...(credential.assertionFile !== null && { assertion_file: credential.assertionFile }),
      }
    case 'sealed':
      return { type: 'sealed', ring_key_id: credential.ringKeyId, sealed: credential.sealed }
  }
}

function toRefreshField({ refreshedAt, intent, failure }: OAuthRefreshState): StoredFields {
  const refresh = {
    ...(refreshedAt !== null && { refreshed_at: toDate(refreshedAt) }),
    ...(intent !== null && {
      intent: { token_digest: intent.tokenDigest, started_at: toDate(intent.startedAt), owner: intent.owner },
    }),
    ...(failure !== null && {
      failure: {
        at: toDate(failure.at),
        error: failure.error,
        permanent: failure.permanent,
        retry_at: toDate(failure.retryAt),
      },
    }),
  }
  return Object.keys(refresh).length === 0 ? {} : { refresh }
}

function toEntry(key: ClientKey): StoredFields {
  return {
    keyId: key.keyId,
    digest: key.digest,
    ...(key.label !== null && { label: key.label }),
    ...(key.createdAt !== null && { created_at: toDate(key.createdAt) }),
    ...(key.expiresAt !== null && { expires_at: toDate(key.expiresAt) }),
    ...(key.revokedAt !== null && { revoked_at: toDate(key.revokedAt) }),
    ...(key.replacedBy !== null && { replaced_by: key.replacedBy }),
    ...(key.lastFour !== null && { last_four: key.lastFour }),
  }
}

function toDate(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
