import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { getResponse, type RequestHandler } from 'msw'
import { type Answer, type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.js'

/** Serves msw handlers on a real socket: msw itself does not intercept the undici package. */
export function startMswUpstream(...handlers: RequestHandler[]): Promise<ScriptedUpstream> {
  return startScriptedUpstream(answerWith(...handlers))
}

/** Answers by the first msw handler that has a response. */
export function answerWith(...handlers: RequestHandler[]): Answer {
  return async ({ method, url, headers, body }, response) => {
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers: headers as Record<string, string>,
      body: body.length > 0 ? body : null,
    })
    const answer = await getResponse(handlers, request)
    if (answer === undefined) throw new Error(`No handler answers ${method} ${url}`)
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    if (answer.body === null) return response.end()
    const left = new AbortController()
    response.once('close', () => left.abort())
    await pipeline(Readable.fromWeb(answer.body as ReadableStream), response, { signal: left.signal }).catch(
      (error) => {
        if (!left.signal.aborted) throw error
      },
    )
  }
}
