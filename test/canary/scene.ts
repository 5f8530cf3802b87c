import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Alert,
  createContentReader,
  createLogger,
  createProxy,
  type ExchangeRecord,
  type KeyRing,
  memoryStorage,
  type ProxyApp,
  type ProxyOptions,
  Secret,
} from '@agent-prompt-train/core'
import { onTestFinished } from 'vitest'
import { hosts as everyHost, type Host } from '../support/hosts.js'
import { callers, canaries, domain, everyCanary } from './canaries.js'
import { expectNoCanary, readFolder, toBytes, toTexts } from './sinks.js'
import type { ScriptName } from './upstream.js'

export const hosts: readonly Host[] = everyHost.filter(({ name }) => name === 'Express 5' || name === 'Hono')

export const keyRing: KeyRing = { current: 'k1', keys: { k1: new Secret(canaries.ringKey.value) } }

export interface Sending {
  readonly script?: ScriptName
  readonly key?: string
  readonly path?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
}

export interface Received {
  /** 0 where there was no answer. */
  readonly status: number
  readonly head: string
  readonly body: Buffer
}

export interface Scene {
  readonly origin: string
  /** Where the spill is, if anything is spilled. */
  readonly folder: string
  readonly proxy: ProxyApp
  send(sending?: Sending): Promise<Received>
  /** The head of an answer, whose body is there to be read or left. */
  open(sending?: Sending): Promise<IncomingMessage>
  readonly records: () => Promise<readonly ExchangeRecord[]>
  readonly log: () => string
  readonly alerts: readonly Alert[]
  /** Closes the proxy and searches whatever it has said, stored or left behind. */
  close(): Promise<void>
}

export function storageWithCanaries() {
  return memoryStorage({
    clientKeys: [callers.record],
    credentials: { [domain]: { type: 'api_key', apiKey: new Secret(canaries.upstreamKey.value) } },
  })
}

/** Mounts a recording proxy with a log of every level, a spill and an alert sink. */
export async function openScene(host: Host, options: ProxyOptions): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'canary-'))
  const lines: string[] = []
  const alerts: Alert[] = []
  const storage = storageWithCanaries()
  const logger = createLogger({ level: 'trace', destination: { write: (line) => void lines.push(line) } })
  const given: ProxyOptions = {
    logger,
    record: { keyRing, spillDir: join(folder, 'spill') },
    alerts: [{ send: (alert) => void alerts.push(alert) }],
    ...options,
    storage: { ...storage, ...options.storage },
  }
  const proxy = createProxy(given)
  const mounted = await host.mount(proxy, { mountPath: '' })
  onTestFinished(async () => {
    await proxy.close({ drainMs: 0 })
    await mounted.close()
    rmSync(folder, { recursive: true })
  })

  const records = async () => {
    const all: ExchangeRecord[] = []
    for await (const record of storage.exchanges.export({})) all.push(record)
    return all
  }

  function open({ script = 'message', key = callers.key, path = '/v1/messages', body, headers }: Sending = {}) {
    const bytes = body ?? toRequest(script)
    return new Promise<IncomingMessage>((resolve, reject) => {
      request(`${mounted.origin}${path}`, {
        method: 'POST',
        agent: false,
        headers: {
          'x-api-key': key,
          cookie: canaries.cookie.value,
          'proxy-authorization': canaries.upstreamError.value.replace('Authorization: ', ''),
          'x-claude-code-session-id': canaries.prompt.value,
          'x-claude-code-agent-id': canaries.databaseUrl.value,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(bytes),
          ...headers,
        },
      })
        .on('response', resolve)
        .on('error', reject)
        .end(bytes)
    })
  }

  return {
    origin: mounted.origin,
    folder,
    proxy,
    open,
    records,
    alerts,
    log: () => lines.join(''),
    async send(sending) {
      const answer = await open(sending)
      return { status: answer.statusCode ?? 0, head: answer.rawHeaders.join('\n'), body: await read(answer) }
    },
    async close() {
      const before = toTexts(proxy.health())
      await proxy.close({ drainMs: 5000 })
      const stored = await records()
      const reader = createContentReader(keyRing)
      const opened = await Promise.all(stored.map((record) => reader.open(record)))
      expectNoCanary({
        'the log': lines,
        'the alerts': toTexts(alerts),
        health: [...before, ...toTexts(proxy.health())],
        'the records': stored.flatMap(toBytes),
        'opened bodies': opened.flatMap((content) => JSON.stringify(content)),
        'the spill': readFolder(folder),
        'the proxy': toTexts(proxy),
        'the storage': toTexts(storage),
        'the options': toTexts(given),
        'the process title': process.title,
      })
    },
  }
}

/** A request that holds every canary, in the system prompt, a message, a tool's input and its result. */
export function toRequest(script: ScriptName): string {
  return JSON.stringify({
    model: 'claude-a',
    max_tokens: 10,
    metadata: { user_id: script },
    system: everyCanary,
    messages: [
      { role: 'user', content: everyCanary },
      {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 'tool_1', name: 'run', input: { env: everyCanary, password: everyCanary } }],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'tool_1', content: everyCanary }] },
    ],
  })
}

/** Reads an answer as far as it gets. */
async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  await new Promise<void>((resolve) => {
    answer
      .on('data', (chunk: Buffer) => void chunks.push(chunk))
      .on('error', () => {})
      .on('close', resolve)
  })
  return Buffer.concat(chunks)
}
