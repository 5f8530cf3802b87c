import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  allowAnyone,
  type Credential,
  createContentReader,
  createProxy,
  type ExchangeRecord,
  type ExchangeStore,
  type KeyRing,
  memoryStorage,
  type OpenedContent,
  type RecordOptions,
  Secret,
  silentLogger,
} from '@agent-prompt-train/core'
import { toNodeListener } from '@agent-prompt-train/core/node'
import { type StubAnswer, stubUpstream } from '@agent-prompt-train/core/testing'

export const keyRing: KeyRing = { current: 'k1', keys: { k1: randomBytes(32) } }

/** What a scene is made of. */
export interface SceneOptions {
  readonly answer: StubAnswer
  readonly store?: ExchangeStore
  readonly record?: RecordOptions
  /** @default an API key */
  readonly credential?: Credential
}

/** A proxy that records, on a real socket, before a scripted upstream. */
export async function openScene({ answer, store, record, credential }: SceneOptions) {
  const upstream = await stubUpstream(answer)
  const storage = memoryStorage({
    credentials: { 'a.example': credential ?? { type: 'api_key', apiKey: new Secret('sk-ant-FAKE') } },
  })
  const exchanges = store ?? storage.exchanges
  const proxy = createProxy({
    storage: { ...storage, exchanges },
    authenticate: allowAnyone('a.example'),
    upstream: upstream.origin,
    record: { keyRing, ...record },
    oauth: { allowSubscriptionOAuth: true },
    logger: silentLogger,
  })
  const server = createServer(toNodeListener(proxy))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const reader = createContentReader(keyRing)

  return {
    upstream,
    proxy,
    exchanges: storage.exchanges,
    origin: `http://127.0.0.1:${port}`,
    /** Sends the bytes and resolves with the answer's head; its body is there to be read. */
    post: (body: Uint8Array | string, headers: Record<string, string> = {}, path = '/v1/messages') =>
      new Promise<IncomingMessage>((resolve, reject) => {
        send({ port, host: '127.0.0.1', method: 'POST', path, headers }, resolve).on('error', reject).end(body)
      }),
    /** The record of this answer and what it holds, as soon as it is stored. */
    async recorded(requestId: string): Promise<{ record: ExchangeRecord; content: OpenedContent | null }> {
      for (let i = 0; i < 400; i++) {
        const record = await storage.exchanges.find(requestId)
        if (record !== null) return { record, content: await reader.open(record) }
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      throw new Error('the exchange was not recorded within 10 seconds')
    },
    async close() {
      await proxy.close({ drainMs: 100 })
      await new Promise((resolve) => server.close(resolve).closeAllConnections())
      await upstream.close()
    },
  }
}

export type Scene = Awaited<ReturnType<typeof openScene>>

/** The answer's body, as far as it comes. */
export async function read(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  await new Promise<void>((resolve) => {
    answer
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('close', () => resolve())
      .on('error', () => {})
  })
  return Buffer.concat(chunks)
}

export function idOf(answer: IncomingMessage): string {
  return String(answer.headers['x-prompt-train-request-id'])
}

/** An event stream of one text, cut where the pieces are. */
export function toEvents(...pieces: string[]): string {
  const events: { type: string; [field: string]: unknown }[] = [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-b',
        content: [],
        usage: { input_tokens: 3 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  ]
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
}
