import { once } from 'node:events'
import { connect } from 'node:net'
import { onTestFinished } from 'vitest'

/** One answer as it is on the wire. */
export interface WireAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** A client's end of a connection, in bytes as latin1 text. */
export interface Connection {
  send(bytes: string): void
  /** Sends no more. */
  finish(): void
  /** All that came in so far. */
  received(): string
  /**
   * Waits for `count` final answers, or as many as come before the connection is closed; `headOnly` ones have no body,
   * whatever their head says of it.
   */
  answers(count: number, options?: { readonly headOnly: boolean }): Promise<WireAnswer[]>
  /** Waits until `done`, or fails with `what` was waited for. */
  until(what: string, done: () => boolean): Promise<void>
  /** Waits until the server closes. */
  closed(): Promise<void>
}

/** Waiting for longer is a hang. */
const PATIENCE_MS = 5000

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  onTestFinished(() => void socket.destroy())
  let text = ''
  let over = false
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  // A reset ends the connection like any other end; what came before it counts.
  socket.on('error', () => {})
  socket.on('close', () => {
    over = true
  })
  await once(socket, 'connect')

  function until(what: string, done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(new Error(`no ${what}, but ${JSON.stringify(text)}`)), PATIENCE_MS)
      const look = () => {
        if (done()) settle(null)
      }
      const settle = (failure: Error | null) => {
        clearTimeout(timer)
        socket.off('data', look).off('close', look)
        if (failure === null) resolve()
        else reject(failure)
      }
      socket.on('data', look).on('close', look)
      look()
    })
  }

  return {
    send: (bytes) => void socket.write(bytes, 'latin1'),
    finish: () => void socket.end(),
    received: () => text,
    until,
    async answers(count, { headOnly } = { headOnly: false }) {
      await until(`${count} answers`, () => over || parseAnswers(text, over, headOnly).length >= count)
      return parseAnswers(text, over, headOnly)
    },
    closed: () => until('close', () => over),
  }
}

/** The final answers in `text` that are complete; `over` tells that no more will come. */
function parseAnswers(text: string, over: boolean, headOnly: boolean): WireAnswer[] {
  const answers: WireAnswer[] = []
  let at = 0
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at)
    if (headEnd === -1) break
    const [statusLine = '', ...lines] = text.slice(at, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1])
    const headers = new Map(lines.map((line) => splitLine(line)))
    const bodyAt = headEnd + 4
    const body = headOnly ? { text: '', end: bodyAt } : takeBody(text, bodyAt, status, headers, over)
    if (body === null) break
    at = body.end
    if (status >= 200) answers.push({ status, headers, body: body.text })
  }
  return answers
}

function splitLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** The body that begins at `at` and where it ends, or null while it is incomplete. */
function takeBody(text: string, at: number, status: number, headers: ReadonlyMap<string, string>, over: boolean) {
  if (status < 200 || status === 204 || status === 304) return { text: '', end: at }
  if (headers.get('transfer-encoding') === 'chunked') {
    const end = text.indexOf('0\r\n\r\n', at)
    return end === -1 ? null : { text: text.slice(at, end), end: end + 5 }
  }
  const length = headers.get('content-length')
  // Without a length the body ends with the connection (RFC 9112 section 6.3).
  if (length === undefined) return over ? { text: text.slice(at), end: text.length } : null
  const end = at + Number(length)
  return text.length < end ? null : { text: text.slice(at, end), end }
}
