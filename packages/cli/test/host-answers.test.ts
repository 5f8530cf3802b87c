import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { serve } from './support/command.js'

/** Writes `bytes` and gives all that comes back. */
function exchange(address: string, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(address).port), '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text)).on('error', reject)
  })
}

describe('what the server refuses before the proxy sees it', () => {
  it.each([
    ['bytes that are no HTTP', 'nonsense\r\n\r\n', 400],
    ['headers that are too large', `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['an unknown expectation', 'POST / HTTP/1.1\r\nhost: a\r\nexpect: bogus\r\nconnection: close\r\n\r\n', 417],
  ])('%s get the API’s error shape and a request id', async (_, bytes, status) => {
    const { address } = await serve()
    const text = await exchange(address, bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    const id = /x-prompt-train-request-id: (\S+)/.exec(text)?.[1]
    const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))
    expect(body).toMatchObject({ type: 'error', error: { type: 'invalid_request_error' }, request_id: id })
  })

  it('/health has a request id', async () => {
    const { address } = await serve()
    expect((await fetch(`${address}/health`)).headers.get('x-prompt-train-request-id')).toMatch(/^[\w-]{36}$/)
  })
})
