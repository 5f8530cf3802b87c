import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from './listen.js'

/** One request as it arrived at the upstream, its body complete. */
export interface ReceivedRequest {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Resolves once the answer is written or the connection lost, to that moment on the `performance.now()` clock. */
  readonly closed: Promise<number>
}

/** What the upstream does about one request. It may also cut the connection, or never answer. */
export type Answer = (request: ReceivedRequest, response: ServerResponse) => unknown

export interface ScriptedUpstream {
  readonly origin: string
  /** Every request so far, in order of arrival. */
  readonly received: readonly ReceivedRequest[]
  /** Rejects when an answer threw. */
  close(): Promise<void>
}

/** Serves `answer` on a real socket and keeps what it receives. */
export async function startScriptedUpstream(answer: Answer): Promise<ScriptedUpstream> {
  const received: ReceivedRequest[] = []
  const failures: unknown[] = []

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const closed = new Promise<number>((resolve) => response.once('close', () => resolve(performance.now())))
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method = '', url = '', rawHeaders, headers } = incoming
    const request = { method, url, rawHeaders, headers, body: Buffer.concat(chunks), closed }
    received.push(request)
    try {
      await answer(request, response)
    } catch (error) {
      failures.push(error)
      response.destroy()
    }
  }

  const { origin, close } = await listen(
    // A client that leaves within its request body is no failure of the script.
    createServer((incoming, response) => void serve(incoming, response).catch(() => response.destroy())),
  )
  return {
    origin,
    received,
    async close() {
      await close()
      if (failures.length > 0) throw failures[0]
    },
  }
}
