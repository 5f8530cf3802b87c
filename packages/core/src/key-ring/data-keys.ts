import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.js'
import { KeyRingError } from '../errors.js'
import { maskText } from '../masking/mask-text.js'
import { KEY_BYTES, type KeyWrapper } from './key-ring.js'
import { MAX_WRAPPED_KEY_BYTES } from './sealed-value.js'

/** A data key seals for so long, or so often, before the next one is made behind its back. */
const RENEW_AFTER_MS = 60 * 60 * 1000
const RENEW_AFTER_USES = 100_000
/** It goes on sealing for so long while the service is away. */
const LAST_RESORT_MS = 24 * 60 * 60 * 1000
/** An unwrapped key opens for so long before the service is asked again: it may have been told to refuse. */
const KEEP_UNWRAPPED_MS = 60 * 60 * 1000
const MAX_UNWRAPPED = 1000
const RETRY_AFTER_MS = 10_000
const ANSWER_WITHIN_MS = 10_000

const SERVICE = 'The key management service of ring key'

/** A key that seals, and what is stored of it. */
export interface DataKey {
  readonly key: KeyObject
  readonly wrappedKey: Uint8Array
}

/** The data keys of one key management service: envelope encryption. */
export interface DataKeys {
  /** A key to seal with: the one at hand, unless there is none yet or the service has been away for a day. */
  current(): Promise<DataKey>
  /** The key that opens what was sealed with `wrappedKey` beside it. */
  unwrap(wrappedKey: Uint8Array): Promise<KeyObject>
}

/**
 * Keeps data keys in memory, so that a request does not wait for the key management service.
 * Both methods reject with KeyRingError `key_unavailable` when the service fails, or does not answer in 10 seconds.
 */
export function createDataKeys(ringKeyId: string, wrapper: KeyWrapper, clock: Clock): DataKeys {
  let held: (DataKey & { readonly madeAt: number; uses: number }) | null = null
  let renewing: Promise<DataKey> | null = null
  let renewAt = 0
  const unwrapped = new Map<string, { readonly key: Promise<KeyObject>; readonly until: number }>()

  async function current(): Promise<DataKey> {
    const now = clock.monotonic()
    if (held === null || now - held.madeAt >= LAST_RESORT_MS) return renew()
    held.uses += 1
    const isWorn = now - held.madeAt >= RENEW_AFTER_MS || held.uses >= RENEW_AFTER_USES
    // A failure shows once the key held is past its last resort; until then it is tried again.
    if (isWorn && now >= renewAt) renew().catch(() => {})
    return held
  }

  function renew(): Promise<DataKey> {
    renewing ??= make().finally(() => {
      renewing = null
      renewAt = clock.monotonic() + RETRY_AFTER_MS
    })
    return renewing
  }

  async function make(): Promise<DataKey> {
    const bytes = randomBytes(KEY_BYTES)
    const key = createSecretKey(bytes)
    const wrappedKey = await ask('wrap', () => wrapper.wrap(bytes), isWrappedKey)
    // Leave to wrap does not include leave to unwrap: better found out now than by who wants to read an hour's records.
    if (!(await unwrap(wrappedKey)).equals(key)) {
      throw new KeyRingError('key_unavailable', `${SERVICE} ${ringKeyId} unwraps another data key than it wrapped.`)
    }
    held = { key, wrappedKey, madeAt: clock.monotonic(), uses: 0 }
    return held
  }

  function unwrap(wrappedKey: Uint8Array): Promise<KeyObject> {
    const name = toName(wrappedKey)
    const known = unwrapped.get(name)
    if (known !== undefined && clock.monotonic() < known.until) return known.key
    const asking = ask('unwrap', () => wrapper.unwrap(wrappedKey), isDataKey).then((bytes) => createSecretKey(bytes))
    remember(name, asking, Infinity)
    asking.then(
      () => remember(name, asking, KEEP_UNWRAPPED_MS),
      // A refusal is kept too: what nobody can open is asked about again and again.
      () => remember(name, asking, RETRY_AFTER_MS),
    )
    return asking
  }

  function remember(name: string, key: Promise<KeyObject>, keepMs: number): void {
    unwrapped.delete(name)
    unwrapped.set(name, { key, until: clock.monotonic() + keepMs })
    if (unwrapped.size > MAX_UNWRAPPED) unwrapped.delete(unwrapped.keys().next().value!)
  }

  async function ask(
    verb: string,
    call: () => Promise<Uint8Array>,
    isAnswer: (value: unknown) => boolean,
  ): Promise<Uint8Array> {
    let timer: NodeJS.Timeout | undefined
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('No answer in time.')), ANSWER_WITHIN_MS)
    })
    const failure = `${SERVICE} ${ringKeyId} did not ${verb} a data key.`
    try {
      const answer = await Promise.race([call(), silence])
      if (!isAnswer(answer)) throw new TypeError('Not a key.')
      return answer
    } catch (error) {
      throw new KeyRingError('key_unavailable', failure, { cause: toCause(error) })
    } finally {
      clearTimeout(timer)
    }
  }

  return { current, unwrap }
}

const isDataKey = (value: unknown): boolean => value instanceof Uint8Array && value.length === KEY_BYTES
const isWrappedKey = (value: unknown): boolean =>
  value instanceof Uint8Array && value.length > 0 && value.length <= MAX_WRAPPED_KEY_BYTES

/** What is kept of the service's own error: clients of such services attach the request, and with it the data key. */
function toCause(error: unknown): Error {
  if (!(error instanceof Error)) return new TypeError('The service threw what is no error.')
  return Object.assign(new Error(maskText(error.message)), { name: error.name })
}

function toName(wrappedKey: Uint8Array): string {
  return Buffer.from(wrappedKey).toString('latin1')
}
