import type { Clock } from './clock.js'
import { type Logger, toLoggedError } from './logger.js'
import type { MaybePromise } from './storage/storage.js'

/** Something that a person should see to. Holds no secret. */
export interface Alert {
  /** What has happened, such as `credential_needs_login`. Stable: match on it rather than on the message. */
  readonly kind: string
  /** What it has happened to: mostly a domain. */
  readonly subject: string
  /** One sentence for people: what is wrong and what mends it. */
  readonly message: string
  /** Epoch milliseconds. */
  readonly at: number
  /** How many times it has happened since the last alert of this kind and subject, this time included. */
  readonly count: number
}

/** Where alerts go: a chat, a pager, a mail. */
export interface AlertSink {
  /** Delivers the alert. What it throws is logged; nothing waits for it but the end of the process, and that 5 seconds. */
  send(alert: Alert): MaybePromise<void>
}

/** Raises alerts. */
export interface Alerts {
  /** Logs and sends an alert, at most once an hour for each kind and subject; what is held back in between is counted. */
  raise(kind: string, subject: string, message: string): void
  /** Waits for what is being sent. */
  close(): Promise<void>
}

/** What {@link createAlerts} takes. */
export interface AlertsOptions {
  readonly sinks: readonly AlertSink[]
  readonly logger: Logger
  readonly clock: Clock
}

const WINDOW_MS = 3_600_000
const SEND_MS = 5000
/** Kinds and subjects that are remembered; past that the one raised longest ago may be sent again early. */
const MAX_REMEMBERED = 1000

/** Creates what alerts are raised by. */
export function createAlerts({ sinks, logger, clock }: AlertsOptions): Alerts {
  const remembered = new Map<string, { readonly sentAt: number; heldBack: number }>()
  const sending = new Set<Promise<void>>()

  function deliver(sink: AlertSink, alert: Alert): void {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('alert not delivered in time')), SEND_MS)
    })
    const delivery = Promise.race([Promise.resolve(alert).then((given) => sink.send(given)), late])
      .catch((error) => logger.warn({ kind: alert.kind, error: toLoggedError(error) }, 'alert not delivered'))
      .finally(() => {
        clearTimeout(timer)
        sending.delete(delivery)
      })
    sending.add(delivery)
  }

  return {
    raise(kind, subject, message) {
      const id = `${kind}\n${subject}`
      const earlier = remembered.get(id)
      if (earlier !== undefined && clock.monotonic() - earlier.sentAt < WINDOW_MS) {
        earlier.heldBack++
        return
      }
      remembered.delete(id)
      if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!)
      remembered.set(id, { sentAt: clock.monotonic(), heldBack: 0 })
      const alert: Alert = { kind, subject, message, at: clock.now(), count: 1 + (earlier?.heldBack ?? 0) }
      try {
        logger.error({ kind, subject, count: alert.count }, message)
      } catch {
        // A host's logger that fails must not fail the request that an alert came of.
      }
      for (const sink of sinks) deliver(sink, alert)
    },
    async close() {
      await Promise.all(sending)
    },
  }
}
