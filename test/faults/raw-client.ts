import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { clientKey } from './scene.js'

export interface RawClient {
  readonly socket: Socket
  /** All that was received, once the connection is over. */
  readonly received: Promise<string>
}

/** Connects; what has come in counts although the connection ends with an error. */
export function connectRaw(origin: string): RawClient {
  const socket = connect(Number(new URL(origin).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  socket.on('error', () => {})
  return { socket, received: new Promise((resolve) => socket.once('close', () => resolve(text))) }
}

/** The head of a request with a valid client key and the given framing header. */
export function requestHead(framing: string): string {
  return `POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: ${clientKey}\r\n${framing}\r\n\r\n`
}

/** Sends an ordinary request and gives the answer as it is on the wire. */
export async function exchangeRaw(origin: string): Promise<string> {
  const { socket, received } = connectRaw(origin)
  await once(socket, 'connect')
  socket.write(`${requestHead('connection: close\r\ncontent-length: 2')}{}`)
  return received
}
