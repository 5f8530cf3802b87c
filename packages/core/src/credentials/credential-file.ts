import { z } from 'zod'
import { isClientKey, toClientKey } from '../client-key.js'
import { ConfigurationError } from '../errors.js'
import { Secret } from '../secret.js'
import { type ClientKey, type Credential, neverRefreshed } from '../storage/storage.js'

/** What one credential file says. */
export interface CredentialFile {
  /** Null where the file holds client keys alone. */
  readonly credential: Credential | null
  readonly clientKeys: readonly ClientKey[]
}

/** Characters that a header may carry and a credential has: RFC 9110 section 11.2, token68, with "." "_" "~" "+" "/". */
const credentialText = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9._~+/=-]+$/, 'has characters that no credential has')
const plainKey = z
  .string()
  .trim()
  .refine(isClientKey, 'is not a client key: make one with prompt-train auth generate-key')
const digest = z
  .string()
  .trim()
  .regex(/^(?:sha256:)?[0-9a-f]{64}$/, 'is not a SHA-256 digest in hex')
  .transform((text) => text.replace('sha256:', ''))
const date = z.iso.datetime({ offset: true, error: 'is not an ISO date' }).transform((text) => Date.parse(text))

const keyEntry = z.union(
  [
    plainKey.transform((key) => ({ key })),
    digest.transform((value) => ({ digest: value })),
    z.strictObject({
      digest,
      keyId: z.string().optional(),
      label: z.string().optional(),
      expires_at: date.optional(),
    }),
  ],
  'is neither a client key, nor its digest, nor { digest, keyId?, label?, expires_at? }',
)

const keyFields = { client_api_key: plainKey.optional(), client_api_keys: z.array(keyEntry).optional() }
const schema = z.union([
  z.strictObject({ type: z.literal('api_key'), api_key: credentialText, ...keyFields }),
  z.strictObject({
    type: z.literal('oauth'),
    access_token: credentialText,
    refresh_token: credentialText.optional(),
    expires_at: date.optional(),
    ...keyFields,
  }),
  z
    .strictObject(keyFields)
    .refine((file) => file.client_api_key ?? file.client_api_keys, 'holds no credential and no client key'),
])
type Parsed = z.infer<typeof schema>

/**
 * Reads the text of a credential file in the guide's formats.
 *
 * @throws ConfigurationError that names the file and field, never a value
 */
export function parseCredentialFile(file: string, domain: string, text: string): CredentialFile {
  const parsed = schema.safeParse(parseJson(file, text))
  if (!parsed.success) throw new ConfigurationError(file, describe(parsed.error))
  return { credential: toCredential(parsed.data), clientKeys: toClientKeys(parsed.data, domain) }
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    // The parser's own message quotes the text.
    throw new ConfigurationError(file, 'is not valid JSON')
  }
}

/** The issues of the format that the file seems to be meant as: zod reports those of every format. */
function describe(error: z.ZodError): string {
  const issue = error.issues[0]!
  if (issue.code !== 'invalid_union') return `${issue.path.join('.') || 'the file'} ${issue.message}`
  const meant =
    issue.errors.find((issues) => !issues.some(({ path }) => path[0] === 'type')) ?? issue.errors.at(-1) ?? []
  const [first] = meant
  if (first === undefined) return 'has none of the known formats: type is api_key or oauth, or client keys alone'
  if (first.code === 'unrecognized_keys') {
    return `${first.keys.join(', ')} does not belong here: a credential needs "type": "api_key" or "oauth"`
  }
  return `${first.path.join('.') || 'the file'} ${first.message}`
}

function toCredential(file: Parsed): Credential | null {
  if (!('type' in file)) return null
  if (file.type === 'api_key') return { type: 'api_key', apiKey: new Secret(file.api_key) }
  return {
    type: 'oauth',
    accessToken: new Secret(file.access_token),
    refreshToken: file.refresh_token === undefined ? null : new Secret(file.refresh_token),
    expiresAt: file.expires_at ?? null,
    refresh: neverRefreshed,
  }
}

function toClientKeys(file: Parsed, domain: string): ClientKey[] {
  const facts = { domain, label: null, createdAt: null, expiresAt: null }
  const single = file.client_api_key === undefined ? [] : [{ key: file.client_api_key }]
  return [...single, ...(file.client_api_keys ?? [])].map((entry) => {
    if ('key' in entry) return toClientKey(entry.key, facts)
    const {
      digest,
      keyId = '',
      label = null,
      expires_at: expiresAt = null,
    } = {
      keyId: undefined,
      label: undefined,
      expires_at: undefined,
      ...entry,
    }
    return { ...facts, keyId, digest, label, expiresAt, lastFour: null, revokedAt: null, replacedBy: null }
  })
}
