import {
  createClientKey,
  createLogger,
  createProxy,
  memoryStorage,
  type ProxyApp,
  type ProxyOptions,
  Secret,
} from '@agent-prompt-train/core'
import { expect, onTestFinished } from 'vitest'
import { hosts as everyHost, type Host } from '../support/hosts.js'

/** Hosts that have a client on a socket of their own: one that writes to node:http, one that feeds a web Response. */
export const hosts: readonly Host[] = everyHost.filter(({ name }) => name === 'Express 5' || name === 'Hono')

export const apiKey = 'sk-ant-api03-FAKE-upstream-credential'
const { key, record } = createClientKey({ domain: 'example.com' })
export const clientKey = key

export const storage = memoryStorage({
  clientKeys: [record],
  credentials: { 'example.com': { type: 'api_key', apiKey: new Secret(apiKey) } },
})

export interface Scene {
  readonly origin: string
  readonly proxy: ProxyApp
  /** What was logged so far. */
  logged(): readonly Readonly<Record<string, unknown>>[]
}

/** Mounts a proxy for the length of the test, at the end of which no log line may hold a secret. */
export async function startProxy(host: Host, upstream: string, options: Partial<ProxyOptions> = {}): Promise<Scene> {
  const lines: string[] = []
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
  const proxy = createProxy({ storage, upstream, logger, record: { bodies: false }, ...options })
  const { origin, close } = await host.mount(proxy, { mountPath: '' })
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    await close()
    expect(lines.join('')).not.toMatch(/FAKE|cnp_live_/)
  })
  return {
    origin,
    proxy,
    logged() {
      return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    },
  }
}
