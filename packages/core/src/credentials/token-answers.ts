import * as z from 'zod'
import { Secret } from '../secret.js'
import { isCredentialText } from '../storage/credential.js'
import type { TokenAnswer } from './token-endpoint.js'

/** What a token endpoint gave. */
export interface GrantedTokens {
  readonly accessToken: Secret
  /** Null where the answer had none: the old one stays good. */
  readonly refreshToken: Secret | null
  readonly lifetimeMs: number
  /** Null where the answer did not say. */
  readonly scopes: readonly string[] | null
}

/** Why a token endpoint gave nothing. */
export interface TokenFailure {
  /** The error code of RFC 6749 section 5.2, or ours; never text of the answer. */
  readonly error: string
  /** Whether only a new login helps. */
  readonly permanent: boolean
  /** Whether the token that was sent may be spent, so that sending it again may count as theft. */
  readonly maybeSpent: boolean
  /** Least time before the next try. */
  readonly waitMs: number
  /** What the answer asked for with Retry-After, bounded; null where it did not. */
  readonly retryAfterMs: number | null
}

export type TokenOutcome =
  | { readonly kind: 'granted'; readonly tokens: GrantedTokens }
  | { readonly kind: 'failed'; readonly failure: TokenFailure }

type Row = Omit<TokenFailure, 'error' | 'retryAfterMs'>

const SOON_MS = 5000
const MINUTE_MS = 60_000

/** Every way in which a token endpoint can fail, by class. */
const failures = {
  /** `invalid_grant`: the token is spent, revoked or expired. */
  dead: row(MINUTE_MS, { permanent: true, maybeSpent: true }),
  /** Another 4xx: the client id, the address or a firewall. The login is good and the set-up is not. */
  refused: row(MINUTE_MS),
  redirect: row(MINUTE_MS),
  /** 408, 425, 429, 5xx. */
  busy: row(SOON_MS),
  /** 502, 504: what stands in front gave up, and what stands behind it may have finished. */
  gateway: row(SOON_MS, { maybeSpent: true }),
  /** A success without usable tokens. */
  malformed: row(MINUTE_MS, { maybeSpent: true }),
  huge: row(MINUTE_MS, { maybeSpent: true }),
  slow: row(SOON_MS, { maybeSpent: true }),
  broken: row(SOON_MS, { maybeSpent: true }),
  unreachable: row(SOON_MS),
  unsent: row(SOON_MS),
} as const satisfies Record<string, Row>

const statusClasses: Readonly<Record<number, keyof typeof failures>> = {
  408: 'busy',
  425: 'busy',
  429: 'busy',
  502: 'gateway',
  504: 'gateway',
}

/** RFC 6749 section 5.2. Other texts are not repeated: an answer may echo what it was sent. */
const errorCodes = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
] as const
const errorBody = z.object({ error: z.enum(errorCodes) })

const tokenText = z.string().max(16_384).refine(isCredentialText)
const grantedBody = z.object({
  access_token: tokenText,
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .nullish(),
  refresh_token: tokenText.nullish(),
  expires_in: z.unknown().optional(),
  scope: z.string().nullish().catch(null),
})

const MAX_BACK_OFF_MS = 300_000
const MAX_RETRY_AFTER_MS = 3_600_000
const MIN_LIFETIME_MS = 60_000
const MAX_LIFETIME_MS = 30 * 86_400_000
const DEFAULT_LIFETIME_MS = 3_600_000

/** Classes the answer of a token endpoint. `now` is in epoch milliseconds, for a Retry-After that names a date. */
export function classifyTokenAnswer(answer: TokenAnswer, now: number): TokenOutcome {
  if (answer.kind === 'none') return failed(failures[answer.reason], answer.reason)
  const { status } = answer
  const retryAfterMs = parseRetryAfter(answer.retryAfter, now)
  if (status >= 300 && status < 400) return failed(failures.redirect, 'redirect')
  if (status >= 300) {
    const error = status < 500 ? errorBody.safeParse(parseJson(answer.body)).data?.error : undefined
    if (error === 'invalid_grant') return failed(failures.dead, error)
    const name = statusClasses[status] ?? (status < 500 ? 'refused' : 'busy')
    return failed(failures[name], error ?? `http_${status}`, retryAfterMs)
  }
  const granted = grantedBody.safeParse(parseJson(answer.body)).data
  if (granted === undefined) return failed(failures.malformed, 'malformed')
  return {
    kind: 'granted',
    tokens: {
      accessToken: new Secret(granted.access_token),
      refreshToken: granted.refresh_token == null ? null : new Secret(granted.refresh_token),
      lifetimeMs: toLifetimeMs(granted.expires_in),
      scopes: granted.scope == null ? null : granted.scope.split(' ').filter((scope) => scope !== ''),
    },
  }
}

/**
 * How long to wait after a failure that followed one with a wait of `earlierMs`: as the answer asks, else doubling up to
 * five minutes. Processes that failed together do not come back together.
 */
export function toWaitMs(failure: TokenFailure, earlierMs: number): number {
  const backOffMs = Math.min(Math.max(failure.waitMs, earlierMs * 2), MAX_BACK_OFF_MS)
  return Math.max(failure.waitMs, failure.retryAfterMs ?? backOffMs) * (1 + Math.random() / 4)
}

/** Seconds as they come, within bounds: none of them makes a token be renewed without end, or never. */
function toLifetimeMs(expiresIn: unknown): number {
  const seconds = typeof expiresIn === 'string' && expiresIn !== '' ? Number(expiresIn) : expiresIn
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) return DEFAULT_LIFETIME_MS
  return Math.min(Math.max(seconds * 1000, MIN_LIFETIME_MS), MAX_LIFETIME_MS)
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function parseRetryAfter(value: string | null, now: number): number | null {
  if (value === null) return null
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function failed(row: Row, error: string, retryAfterMs: number | null = null): TokenOutcome {
  return { kind: 'failed', failure: { ...row, error, retryAfterMs } }
}

function row(waitMs: number, facts: Partial<Row> = {}): Row {
  return { permanent: false, maybeSpent: false, waitMs, ...facts }
}
