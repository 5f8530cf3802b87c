import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { ConfigurationError, isCredentialText, type KeyRing, parseKeyRing, Secret } from '@agent-prompt-train/core'
import * as z from 'zod'

/** What `serve` and the commands beside it are told by the environment, checked and complete. */
export interface Environment {
  readonly port: number
  readonly host: string
  /** Absolute. */
  readonly credentialsDir: string
  /** Whether CREDENTIALS_DIR is set, so that the folder is meant to be there. */
  readonly credentialsDirGiven: boolean
  /**
   * Where commands put new client keys and credentials: into the database where DATABASE_URL is set and CREDENTIALS_DIR is not,
   * else into the folder.
   */
  readonly newSecretsIn: 'folder' | 'database'
  /** Absolute. */
  readonly dataDir: string
  /** Null for the API itself. */
  readonly upstream: string | null
  readonly anthropicApiKey: Secret | null
  /** Null where ENCRYPTION_KEYS is not set. */
  readonly keyRing: KeyRing | null
  /** Whether credentials that are stored in the clear are used beside a key ring. */
  readonly allowPlain: boolean
  readonly oauth: OAuthSettings
  /** Holds a password, mostly. Null for the embedded database in `dataDir`. */
  readonly databaseUrl: Secret | null
  /** Whether exchanges are recorded. */
  readonly storageEnabled: boolean
  readonly retention: { readonly recordsMs: number; readonly bodiesMs: number }
  /** The file of prices that go before the list prices, absolute. Null for list prices alone. */
  readonly modelPricesFile: string | null
  readonly clientAuth: boolean
  readonly trustedProxies: readonly string[]
  readonly ipAllowlist: readonly string[]
  readonly checkHost: boolean
  readonly authFailuresPerMinute: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  readonly logPretty: boolean
  readonly production: boolean
  /** Variables that are set, known, and without effect in this version. */
  readonly notUsedYet: readonly string[]
}

/** What OAuth credentials are made and refreshed with. Null where it is not set. */
export interface OAuthSettings {
  readonly authorizeUrl: string | null
  readonly tokenUrl: string | null
  readonly clientId: string | null
  readonly redirectUri: string | null
  readonly scopes: readonly string[]
  readonly allowSubscription: boolean
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const NODE_ENVS = ['development', 'test', 'production'] as const
const NOT_USED_YET = ['DASHBOARD_API_KEY', 'SLACK_WEBHOOK_URL']
const DAY_MS = 86_400_000

const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true')
const list = z.string().transform((text) => text.split(',').flatMap((entry) => entry.trim() || []))
const words = z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== ''))
const text = z.string().nullable().default(null)
const path = z.string().transform((path) => resolve(path))
const days = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'must be a whole number of days from 1 to 99999')
  .transform((text) => Number(text) * DAY_MS)
const apiKey = z
  .string()
  .trim()
  .refine(isCredentialText, 'has spaces, line breaks or other characters that no key has')
  .refine((text) => !text.startsWith('cnp_'), 'holds a client key: it wants the key for the Anthropic API (sk-ant-…)')
  .transform((text) => new Secret(text))

const schema = z.object({
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
    .transform(Number)
    .refine((port) => port <= 65_535, 'must be a whole number from 0 to 65535')
    .default(3000),
  HOST: z.string().default('127.0.0.1'),
  CREDENTIALS_DIR: path.prefault('credentials'),
  DATA_DIR: path.prefault('.data'),
  CLAUDE_API_BASE_URL: text,
  ANTHROPIC_API_KEY: apiKey.nullable().default(null),
  ENCRYPTION_KEYS: text,
  ALLOW_PLAIN_CREDENTIALS: flag.default(true),
  OAUTH_AUTHORIZE_URL: text,
  OAUTH_TOKEN_URL: text,
  OAUTH_CLIENT_ID: text,
  OAUTH_REDIRECT_URI: text,
  OAUTH_SCOPES: words.default([]),
  ALLOW_SUBSCRIPTION_OAUTH: flag.default(false),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'must be a postgresql:// URL')
    .transform((text) => new Secret(text))
    .nullable()
    .default(null),
  STORAGE_ENABLED: flag.default(true),
  RETENTION_DAYS: days.prefault('365'),
  BODY_RETENTION_DAYS: days.prefault('30'),
  MODEL_PRICES_FILE: path.nullable().default(null),
  ENABLE_CLIENT_AUTH: flag.default(true),
  TRUSTED_PROXIES: list.default([]),
  IP_ALLOWLIST: list.default([]),
  CHECK_HOST: flag.default(false),
  AUTH_FAILURES_PER_MINUTE: z
    .string()
    .regex(/^[1-9]\d{0,5}$/, 'must be a whole number from 1 to 999999')
    .transform(Number)
    .default(30),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  LOG_PRETTY: flag.optional(),
  // A misspelt "production" must not start a server with the liberties of development.
  NODE_ENV: z.enum(NODE_ENVS, `must be one of ${NODE_ENVS.join(', ')}, or not set`).optional(),
})

/**
 * Reads the variables. One that is set to nothing counts as not set.
 *
 * @throws ConfigurationError that names the variable and how to mend it, never its value
 */
export function readEnvironment(
  { isTerminal }: { readonly isTerminal: boolean },
  variables: Readonly<Record<string, string | undefined>> = process.env,
): Environment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(set)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw new ConfigurationError(String(path[0]), message)
  }
  const values = parsed.data
  if (!values.ENABLE_CLIENT_AUTH && !(values.NODE_ENV === 'development' && isLoopback(values.HOST))) {
    throw new ConfigurationError(
      'ENABLE_CLIENT_AUTH',
      'may be false only together with NODE_ENV=development and a loopback HOST (127.0.0.1, ::1, localhost): ' +
        'set those, or leave it out and give your clients keys',
    )
  }
  if (!values.ALLOW_PLAIN_CREDENTIALS && values.ENCRYPTION_KEYS === null) {
    throw new ConfigurationError(
      'ALLOW_PLAIN_CREDENTIALS',
      'may be false only together with ENCRYPTION_KEYS: make a key with prompt-train keyring create',
    )
  }
  const credentialsDirGiven = set.CREDENTIALS_DIR !== undefined
  return {
    port: values.PORT,
    host: values.HOST,
    credentialsDir: values.CREDENTIALS_DIR,
    credentialsDirGiven,
    newSecretsIn: values.DATABASE_URL !== null && !credentialsDirGiven ? 'database' : 'folder',
    dataDir: values.DATA_DIR,
    upstream: values.CLAUDE_API_BASE_URL,
    anthropicApiKey: values.ANTHROPIC_API_KEY,
    keyRing: values.ENCRYPTION_KEYS === null ? null : parseKeyRing(values.ENCRYPTION_KEYS),
    allowPlain: values.ALLOW_PLAIN_CREDENTIALS,
    oauth: {
      authorizeUrl: values.OAUTH_AUTHORIZE_URL,
      tokenUrl: values.OAUTH_TOKEN_URL,
      clientId: values.OAUTH_CLIENT_ID,
      redirectUri: values.OAUTH_REDIRECT_URI,
      scopes: values.OAUTH_SCOPES,
      allowSubscription: values.ALLOW_SUBSCRIPTION_OAUTH,
    },
    databaseUrl: values.DATABASE_URL,
    storageEnabled: values.STORAGE_ENABLED,
    retention: {
      recordsMs: values.RETENTION_DAYS,
      bodiesMs: Math.min(values.BODY_RETENTION_DAYS, values.RETENTION_DAYS),
    },
    modelPricesFile: values.MODEL_PRICES_FILE,
    clientAuth: values.ENABLE_CLIENT_AUTH,
    trustedProxies: values.TRUSTED_PROXIES,
    ipAllowlist: values.IP_ALLOWLIST,
    checkHost: values.CHECK_HOST,
    authFailuresPerMinute: values.AUTH_FAILURES_PER_MINUTE,
    logLevel: values.LOG_LEVEL,
    logPretty: values.LOG_PRETTY ?? isTerminal,
    production: values.NODE_ENV === 'production',
    notUsedYet: NOT_USED_YET.filter((name) => set[name] !== undefined),
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
