import { createClientKey, createLogger, createProxy, memoryStorage, Secret } from '@agent-prompt-train/core'
import { hosts as everyHost } from '../support/hosts.js'
import { serveRawUpstream } from '../support/raw-upstream.js'

/** Hosts that read requests from a socket. */
const hosts = everyHost.filter(({ name }) => name !== 'in-process fetch')

export const apiKey = 'sk-ant-api03-FAKE-upstream-credential'
const own = createClientKey({ domain: 'example.com' })
const foreign = createClientKey({ domain: 'example.org' })
export const clientKey = own.key
/** A valid one, of another tenant. */
export const foreignKey = foreign.key

const storage = memoryStorage({
  clientKeys: [own.record, foreign.record],
  credentials: {
    'example.com': { type: 'api_key', apiKey: new Secret(apiKey) },
    'example.org': { type: 'api_key', apiKey: new Secret('sk-ant-api03-FAKE-of-the-other-tenant') },
  },
})

/** One host with a proxy and an upstream of its own, for the length of a file. */
export interface Stage {
  readonly host: string
  readonly port: number
  /** Host and port of the upstream. */
  readonly authority: string
  /** What came up since the last call: each message's bytes as latin1 text. */
  takeReceived(): string[]
  /** All that was logged. */
  logged(): string
  close(): Promise<void>
}

const emptyAnswer = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'

/** What {@link openStages} takes. */
export interface StageOptions {
  readonly mountPath?: string
  /** The upstream's bytes, as latin1 text, for a message. @default an empty object */
  readonly answer?: (message: string) => string
}

/** Puts the proxy on every host. */
export function openStages({ mountPath = '', answer = () => emptyAnswer }: StageOptions = {}): Promise<Stage[]> {
  return Promise.all(
    hosts.map(async (host) => {
      const upstream = await serveRawUpstream(({ socket, text }) => void socket.write(answer(text), 'latin1'))
      const lines: string[] = []
      const logger = createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
      // Every row comes from this one address: the throttle of failures has tests of its own.
      const limits = { bodyBytes: 1000, authFailures: { max: 10_000 } }
      const proxy = createProxy({ storage, upstream: upstream.origin, logger, edge: { limits } })
      const mounted = await host.mount(proxy, { mountPath })
      let taken = 0
      return {
        host: host.name,
        port: Number(new URL(mounted.origin).port),
        authority: new URL(upstream.origin).host,
        takeReceived() {
          const texts = upstream.requests.slice(taken).map(({ text }) => text)
          taken += texts.length
          return texts
        },
        logged: () => lines.join(''),
        async close() {
          await proxy.close({ drainMs: 0 })
          await mounted.close()
          await upstream.close()
        },
      }
    }),
  )
}
