import * as z from 'zod'
import { ConfigurationError } from '../errors.js'
import type { Secret } from '../secret.js'

const text = z.string('must be text')
const moment = z.number('must be epoch milliseconds or null').nullable()
// By its method: the secret may be of a second copy of this package.
const secret = z.custom<Secret>(
  (value) => typeof (value as Partial<Secret> | null)?.expose === 'function',
  'must be a Secret: new Secret(…)',
)

const clientKey = z.looseObject(
  {
    keyId: text.regex(/^[0-9A-Za-z]{8}$/, 'must be 8 letters and digits'),
    digest: text.regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 digest in hex'),
    domain: text,
    label: text.nullable(),
    lastFour: text.nullable(),
    createdAt: moment,
    expiresAt: moment,
    revokedAt: moment,
    replacedBy: text.nullable(),
  },
  'must be a record of createClientKey() or toClientKey()',
)

const credential = z.discriminatedUnion(
  'type',
  [
    z.looseObject({ type: z.literal('api_key'), apiKey: secret }),
    z.looseObject({
      type: z.literal('oauth'),
      accessToken: secret,
      refreshToken: secret.nullable(),
      expiresAt: moment,
      refresh: z.looseObject({}, 'must be an object: neverRefreshed'),
    }),
    z.looseObject({
      type: z.literal('federation'),
      federationRuleId: text,
      organizationId: text,
      serviceAccountId: text,
      workspaceId: text.nullable(),
      assertionFile: text.nullable(),
    }),
    z.looseObject({ type: z.literal('sealed'), ringKeyId: text, sealed: text }),
  ],
  'must be a credential, such as { type: "api_key", apiKey: new Secret(…) }',
)

const isCount = (value: unknown): boolean =>
  value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) > 0)

const schema = z.looseObject(
  {
    clientKeys: z.array(clientKey, 'must be a list of records of createClientKey()').optional(),
    credentials: z.record(z.string(), credential, 'must be an object of credentials by domain').optional(),
    maxExchanges: z.custom<number>(isCount, 'must be a whole number above 0, or Infinity').optional(),
  },
  'must be an object',
)

/**
 * Checks what a storage in memory starts with: what is malformed would come to light at the first request.
 *
 * @throws ConfigurationError that names the field, never a value
 */
export function assertMemoryOptions(options: unknown): void {
  const checked = schema.safeParse(options)
  if (checked.success) return
  const { path, message } = checked.error.issues[0]!
  throw new ConfigurationError(path.join('.') || 'options', message)
}
