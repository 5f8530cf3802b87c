import * as z from 'zod'
import { oauthSchema } from './credentials/oauth-options.js'
import { recordSchema } from './recording.js'
import { ANTHROPIC_API } from './service-url.js'
import { defaultRoutes } from './upstream/target.js'

const milliseconds = z.number().int().min(0).max(2_147_483_647)
const names = z.array(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'is not a header name'))

/** An object of the host's own, held to the methods that are called on it: what lacks one would fail at a request. */
const withMethods = (...methods: readonly string[]) =>
  z.custom<object>(
    (value) => methods.every((method) => typeof (value as Record<string, unknown> | null)?.[method] === 'function'),
    `needs ${methods.map((method) => `${method}()`).join(', ')}`,
  )
const keyLookup = withMethods('find')
const credentialLookup = withMethods('find')

/** What the options have to be, and their defaults. */
export const optionsSchema = z.strictObject({
  storage: z
    .looseObject({
      clientKeys: keyLookup.optional(),
      credentials: credentialLookup.optional(),
      exchanges: withMethods('append').optional(),
    })
    .optional(),
  credentials: credentialLookup.optional(),
  authenticate: z.function().optional(),
  passThrough: z.boolean().default(false),
  oauth: oauthSchema.optional(),
  federation: z.strictObject({ assertion: z.function().optional() }).optional(),
  alerts: z.array(withMethods('send')).optional(),
  upstream: z.string().default(ANTHROPIC_API),
  routes: z.array(z.string()).default([...defaultRoutes]),
  allowHeaders: z.strictObject({ request: names.optional(), response: names.optional() }).optional(),
  edge: z
    .strictObject({
      trustedProxies: z.array(z.string()).default([]),
      allow: z.array(z.string()).default([]),
      checkHost: z.boolean().default(false),
      limits: z
        .strictObject({
          bodyBytes: z
            .number()
            .int()
            .positive()
            .default(32 * 1024 * 1024),
          bodyIdleMs: milliseconds.positive().default(30_000),
          bodyTotalMs: milliseconds.positive().default(300_000),
          authFailures: z
            .strictObject({
              max: z.number().int().positive().default(30),
              windowMs: milliseconds.positive().default(60_000),
            })
            .prefault({}),
        })
        .prefault({}),
    })
    .prefault({}),
  record: recordSchema.optional(),
  timeouts: z
    .strictObject({
      connectMs: milliseconds.positive().default(10_000),
      firstByteMs: milliseconds.default(600_000),
      idleMs: milliseconds.default(300_000),
      totalMs: milliseconds.default(0),
    })
    .prefault({}),
  logger: withMethods('debug', 'info', 'warn', 'error').optional(),
  clock: withMethods('now', 'monotonic').optional(),
  dispatcher: withMethods('dispatch').optional(),
})
