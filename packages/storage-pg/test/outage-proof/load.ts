import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** On a machine that is too busy answers are late; that is a matter of latency, not of loss. */
const PATIENCE_MS = 60_000

/** What is sent. */
export interface LoadOptions {
  readonly port: number
  readonly key: string
  readonly perSecond: number
  readonly seconds: number
}

/** What came of a load. */
export interface LoadResult {
  /** Our ids of the requests that were answered in full, whatever the answer. */
  readonly ids: readonly string[]
  /** What came instead of an answer with status 200, each. */
  readonly failures: readonly string[]
  /** Milliseconds from the moment a request was due to its answer's last byte, sorted. */
  readonly latencies: readonly number[]
}

/** Sends so many requests a second, whether or not the earlier ones are answered. */
export async function sendLoad({ port, key, perSecond, seconds }: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true })
  const ids: string[] = []
  const failures: string[] = []
  const latencies: number[] = []
  const begun = performance.now()
  const all = Array.from({ length: perSecond * seconds }, async (_, i) => {
    const dueAt = begun + (i * 1000) / perSecond
    await sleep(dueAt - performance.now())
    try {
      const { status, id } = await send(agent, port, key, i)
      latencies.push(performance.now() - dueAt)
      ids.push(id)
      if (status !== 200) failures.push(`status ${status}`)
    } catch (error) {
      failures.push(String(error))
    }
  })
  await Promise.all(all)
  agent.destroy()
  return { ids, failures, latencies: latencies.sort((a, b) => a - b) }
}

function send(agent: Agent, port: number, key: string, i: number): Promise<{ status: number; id: string }> {
  const content = `Request ${i} of ${Date.now()}: ${'what is to be done about it? '.repeat(30)}`
  const body = JSON.stringify({ model: 'claude-opus-5-5', max_tokens: 10, messages: [{ role: 'user', content }] })
  const headers = { 'x-api-key': key, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port, path: '/v1/messages', method: 'POST', agent, headers },
      (answer) => {
        const id = String(answer.headers['x-prompt-train-request-id'])
        answer
          .resume()
          .on('end', () => resolve({ status: answer.statusCode!, id }))
          .on('error', reject)
      },
    )
    sent.setTimeout(PATIENCE_MS, () => sent.destroy(new Error('no answer in time')))
    sent.on('error', reject).end(body)
  })
}
