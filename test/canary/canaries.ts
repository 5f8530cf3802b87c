import { randomBytes } from 'node:crypto'
import { createClientKey } from '@agent-prompt-train/core'

/** A secret that exists nowhere else, so that finding a piece of it proves a leak. */
export interface Canary {
  /** As it stands in its place. */
  readonly value: string
  /** The part that is the secret: what may be shown of the value (key id, host, user) is not in it. */
  readonly secret: string
}

/** Shorter pieces come about by chance, or are what a fingerprint shows. */
const PIECE_CHARACTERS = 12

export const domain = 'example.com'
export const callers = createClientKey({ domain })
/** A well-formed key that nobody has issued. */
const stranger = createClientKey({ domain })

/** The places that secrets are in. */
export const canaries = {
  clientKey: clientKey(callers.key),
  strangerKey: clientKey(stranger.key),
  upstreamKey: canary((secret) => `sk-ant-api03-${secret}AA`),
  accessToken: canary((secret) => `sk-ant-oat01-${secret}`),
  refreshToken: canary((secret) => `sk-ant-ort01-${secret}`),
  cookie: canary((secret) => `sid=${secret}; theme=dark`),
  databaseUrl: canary((secret) => `postgres://app:${secret}@db.internal:5432/app`),
  webhook: canary((secret) => `https://hooks.slack.com/services/T0FAKE123/B0FAKE123/${secret}`),
  ringKey: ringKey(),
  privateKey: canary((secret) => `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`),
  prompt: canary((secret) => `password=${secret}`),
  answer: canary((secret) => `DB_PASSWORD=${secret}`),
  /** Bearer of something that is not ours. */
  upstreamError: canary((secret) => `Authorization: Bearer ${secret}`),
  credentialFile: canary((secret) => `sk-ant-api03-${secret}AB`),
  environment: canary((secret) => `AWS_SECRET_ACCESS_KEY=${secret}`),
} as const satisfies Record<string, Canary>

/** Every canary in one text, as a careless error message or prompt would hold it. */
export const everyCanary = Object.values(canaries)
  .map((each) => {
    // Nothing but its name says of a ring key, or of a cookie, that it is a secret.
    if (each === canaries.ringKey) return `ENCRYPTION_KEYS=k1:${each.value}`
    return each === canaries.cookie ? `Cookie: ${each.value}` : each.value
  })
  .join('\n')

/** Pieces of each secret, in the forms that bytes are commonly written down in. */
const pieces: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(canaries).map(([name, { secret }]) => [name, [...new Set(toPieces(secret))]]),
)

/** The names of the canaries that a piece of stands in the text or bytes: as it is, in base64, in hex or escaped for a URL. */
export function findCanaries(haystack: string | Uint8Array): string[] {
  const text = typeof haystack === 'string' ? haystack : Buffer.from(haystack).toString('latin1')
  return [...pieces].filter(([, forms]) => forms.some((form) => text.includes(form))).map(([name]) => name)
}

function canary(toValue: (secret: string) => string): Canary {
  const secret = `FAKE${randomBytes(24).toString('hex')}`
  return { value: toValue(secret), secret }
}

function clientKey(key: string): Canary {
  const afterKeyId = 'cnp_live_'.length + 8
  return { value: key, secret: key.slice(afterKeyId, afterKeyId + 32) }
}

function ringKey(): Canary {
  const value = randomBytes(32).toString('base64')
  return { value, secret: value.slice(0, 42) }
}

function* toPieces(secret: string): Generator<string> {
  for (let start = 0; start + PIECE_CHARACTERS <= secret.length; start++) {
    const piece = secret.slice(start, start + PIECE_CHARACTERS)
    yield piece
    yield encodeURIComponent(piece)
    yield Buffer.from(piece).toString('hex')
    // 12 bytes are 16 characters of base64 wherever the piece falls on a group of three, which every third one does.
    yield Buffer.from(piece).toString('base64')
  }
}
