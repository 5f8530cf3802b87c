import * as z from 'zod'
import { isClientKey } from '../../client-key.js'
import { isCredentialText } from '../../storage/credential.js'

const token = z.string().trim().refine(isCredentialText, 'has characters that no credential has')
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
const keyId = z
  .string()
  .trim()
  .regex(/^[0-9A-Za-z]{8}$/, 'is not a key id: 8 letters and digits')

const keyFacts = z.strictObject({
  digest,
  keyId: keyId.optional(),
  label: z.string().nullish(),
  created_at: date.nullish(),
  expires_at: date.nullish(),
  revoked_at: date.nullish(),
  replaced_by: keyId.nullish(),
  last_four: z.string().length(4, 'is not 4 characters').nullish(),
})
type KeyFacts = z.infer<typeof keyFacts>

const keyEntry = z.union(
  [plainKey.transform((key) => ({ key })), digest.transform((value): KeyFacts => ({ digest: value })), keyFacts],
  `is neither a client key, nor its digest, nor an object of ${Object.keys(keyFacts.shape).join(', ')}`,
)

const refresh = z.strictObject({
  refreshed_at: date.nullish(),
  intent: z.strictObject({ token_digest: digest, started_at: date, owner: z.string() }).nullish(),
  failure: z.strictObject({ at: date, error: z.string(), permanent: z.boolean(), retry_at: date }).nullish(),
})

const keyFields = { client_api_key: plainKey.optional(), client_api_keys: z.array(keyEntry).optional() }

/** The formats that `type` names. */
const typed = {
  api_key: z.strictObject({ type: z.literal('api_key'), api_key: token, ...keyFields }),
  oauth: z.strictObject({
    type: z.literal('oauth'),
    access_token: token,
    refresh_token: token.nullish(),
    expires_at: date.nullish(),
    subscription: z.boolean().nullish(),
    refresh: refresh.optional(),
    ...keyFields,
  }),
  federation: z.strictObject({
    type: z.literal('federation'),
    federation_rule_id: token,
    organization_id: token,
    service_account_id: token,
    workspace_id: token.nullish(),
    assertion_file: z.string().trim().min(1, 'is empty').nullish(),
    ...keyFields,
  }),
  sealed: z.strictObject({
    type: z.literal('sealed'),
    ring_key_id: z.string().trim().min(1, 'is empty'),
    sealed: z
      .string()
      .trim()
      .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'is not base64'),
    ...keyFields,
  }),
  none: z.strictObject({ type: z.literal('none'), ...keyFields }),
} as const

const keysAlone = z
  .strictObject({ type: z.undefined().optional(), ...keyFields })
  .refine((file) => file.client_api_key ?? file.client_api_keys, 'holds no credential and no client key')

/** A credential file that keeps to one of the formats, its values trimmed and its dates as epoch milliseconds. */
export type FileFields = z.infer<(typeof typed)[keyof typeof typed]> | z.infer<typeof keysAlone>

/** A client key as a file lists it: the key itself, or its digest with what is known of it. */
export type FileKeyEntry = z.infer<typeof keyEntry>

/** Checks what a credential file says; what is wrong with it is told as text that names the field, never a value. */
export function checkFields(value: unknown): { readonly fields: FileFields } | { readonly problem: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { problem: 'is not a JSON object' }
  const type: unknown = Object.hasOwn(value, 'type') ? (value as { type: unknown }).type : undefined
  const format = type === undefined ? keysAlone : typeof type === 'string' && isType(type) ? typed[type] : undefined
  if (format === undefined) return { problem: `type is none of ${Object.keys(typed).join(', ')}` }
  const checked = format.safeParse(value)
  return checked.success ? { fields: checked.data } : { problem: describe(checked.error.issues, value, type) }
}

function isType(type: string): type is keyof typeof typed {
  return Object.hasOwn(typed, type)
}

/** The first problem, and with it the fields that do not belong: the right one is often among them, misspelt. */
function describe(issues: readonly z.core.$ZodIssue[], file: object, type: unknown): string {
  const wrong = issues.find(({ code }) => code !== 'unrecognized_keys')
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys')
  const surplus = unknown?.code === 'unrecognized_keys' ? describeUnknown(unknown, type) : null
  if (wrong === undefined) return surplus!
  const problem = `${wrong.path.join('.') || 'the file'} ${toProblem(wrong, file)}`
  return surplus === null ? problem : `${problem}, and ${surplus}`
}

function describeUnknown({ keys, path }: z.core.$ZodIssueUnrecognizedKeys, type: unknown): string {
  const names = keys.map(toShowable).join(', ')
  const where = path.length === 0 ? 'here' : `in ${path.join('.')}`
  const hint = type === undefined ? `: a credential needs "type": one of ${Object.keys(typed).join(', ')}` : ''
  return `${names} does not belong ${where}${hint}`
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

function toProblem(issue: z.core.$ZodIssue, file: object): string {
  if (issue.code !== 'invalid_type') return issue.message
  const value = issue.path.reduce<unknown>((inner, name) => (inner as Record<PropertyKey, unknown>)[name], file)
  return value === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`
}

/** A field's name, unless it may be a secret that slipped into the place of a name. */
function toShowable(name: string): string {
  return /^[A-Za-z_]{1,32}$/.test(name) ? name : 'a field with an unusual name'
}
