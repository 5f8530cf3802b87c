import * as z from 'zod'
import { KeyRingError } from '../../errors.js'
import { Secret } from '../../secret.js'
import type {
  ApiKeyCredential,
  Credential,
  FederationCredential,
  OAuthCredential,
  OAuthRefreshState,
  SealedCredential,
} from '../../storage/credential.js'

/** A credential that is not sealed. */
export type PlainCredential = Exclude<Credential, SealedCredential>

/** A field for each of `T`, optional ones too: what is sealed with a field that the schema lacks would never open again. */
type Fields<T> = { readonly [Name in keyof T]-?: z.ZodType }

const VERSION = 1
const secret = z.string().transform((value) => new Secret(value))
const time = z.number().nullable()

const schema = z.strictObject({
  version: z.literal(VERSION),
  credential: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('api_key'), apiKey: secret } satisfies Fields<ApiKeyCredential>),
    z.strictObject({
      type: z.literal('oauth'),
      accessToken: secret,
      refreshToken: secret.nullable(),
      expiresAt: time,
      subscription: z.boolean().exactOptional(),
      refresh: z.strictObject({
        refreshedAt: time,
        intent: z
          .strictObject({
            tokenDigest: z.string(),
            startedAt: z.number(),
            owner: z.string(),
          } satisfies Fields<NonNullable<OAuthRefreshState['intent']>>)
          .nullable(),
        failure: z
          .strictObject({
            at: z.number(),
            error: z.string(),
            permanent: z.boolean(),
            retryAt: z.number(),
          } satisfies Fields<NonNullable<OAuthRefreshState['failure']>>)
          .nullable(),
      } satisfies Fields<OAuthRefreshState>),
    } satisfies Fields<OAuthCredential>),
    z.strictObject({
      type: z.literal('federation'),
      federationRuleId: z.string(),
      organizationId: z.string(),
      serviceAccountId: z.string(),
      workspaceId: z.string().nullable(),
      assertionFile: z.string().nullable(),
    } satisfies Fields<FederationCredential>),
  ]),
})

/**
 * Writes a credential, secrets and all, as the bytes that are to be sealed: JSON with a version.
 *
 * @throws KeyRingError `malformed` for what {@link fromCredentialBytes} would not read: sealed, it would be lost
 */
export function toCredentialBytes(credential: PlainCredential, domain: string): Uint8Array {
  const exposed = Object.entries(credential).map(([name, value]) => [
    name,
    value instanceof Secret ? value.expose() : value,
  ])
  const bytes = Buffer.from(JSON.stringify({ version: VERSION, credential: Object.fromEntries(exposed) }))
  if (schema.safeParse(parseJson(bytes)).success) return bytes
  throw new KeyRingError('malformed', `The credential ${domain} could not be read again, so it is not sealed.`)
}

/**
 * Reads what {@link toCredentialBytes} wrote.
 *
 * @throws KeyRingError `malformed` for what a later version wrote
 */
export function fromCredentialBytes(bytes: Uint8Array, domain: string): PlainCredential {
  const parsed = schema.safeParse(parseJson(bytes))
  if (parsed.success) return parsed.data.credential
  // The issues of the schema are left out: they quote values.
  throw new KeyRingError('malformed', `The credential ${domain} opens, but another version of this library wrote it.`)
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return null
  }
}
