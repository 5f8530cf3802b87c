import { describe, expect, it } from 'vitest'
import { ProxyError } from '../errors.js'
import { checkFraming } from './framing.js'

const codeOf = (...rawHeaders: string[]) => {
  try {
    checkFraming(rawHeaders)
    return 'accepted'
  } catch (error) {
    return error instanceof ProxyError ? error.code : error
  }
}

describe('checkFraming', () => {
  it('tells the length that is declared', () => {
    expect(checkFraming(['Host', 'h', 'Content-Length', '42', 'accept', '*/*'])).toBe(42)
    expect(checkFraming(['host', 'h', 'CONTENT-LENGTH', '0'])).toBe(0)
    expect(checkFraming(['host', 'h', 'content-length', '33554433'])).toBe(33_554_433)
  })

  it('tells null where none is declared', () => {
    expect(checkFraming(['host', 'h'])).toBeNull()
    expect(checkFraming(['host', 'h', 'transfer-encoding', 'chunked'])).toBeNull()
    const alike = ['content-lengthx', '1', 'x-content-length', '2', 'content_length', '3']
    expect(checkFraming(['host', 'h', ...alike])).toBeNull()
  })

  it('refuses a second Host line, even an equal one, in any case', () => {
    expect(codeOf('host', 'a', 'host', 'a')).toBe('request_malformed')
    expect(codeOf('Host', 'a', 'x-app', 'x', 'HOST', 'b')).toBe('request_malformed')
    expect(codeOf('host', '', 'Host', 'a')).toBe('request_malformed')
  })

  it('refuses a request without a Host line, and one whose Host is none', () => {
    expect(codeOf()).toBe('request_malformed')
    expect(codeOf('x-host', 'a')).toBe('request_malformed')
    expect(codeOf('host', '')).toBe('request_malformed')
    expect(codeOf('host', 'user@a')).toBe('request_malformed')
  })

  it('accepts the authority of HTTP/2 for a Host line, or beside one', () => {
    expect(codeOf(':method', 'GET', ':authority', 'a')).toBe('accepted')
    expect(codeOf(':authority', 'a', 'host', 'a')).toBe('accepted')
  })

  it('refuses so many lines that Node may have left some out', () => {
    const lines = Array.from({ length: 999 }, () => ['a', 'b']).flat()
    expect(codeOf('host', 'a', ...lines.slice(2))).toBe('accepted')
    expect(codeOf('host', 'a', ...lines)).toBe('headers_too_many')
  })

  it('accepts one Host line, and names that resemble it', () => {
    expect(codeOf('host', 'a')).toBe('accepted')
    expect(codeOf('host', 'a', 'hose', 'b', 'x-host', 'c', 'from', 'd')).toBe('accepted')
  })

  it.each(['chunked', 'Chunked', 'CHUNKED', ' chunked', 'chunked\t'])('accepts the transfer coding %j', (coding) => {
    expect(codeOf('host', 'a', 'Transfer-Encoding', coding)).toBe('accepted')
  })

  it.each([
    ...['gzip', 'gzip, chunked', 'chunked, gzip', 'chunked, chunked', 'identity', 'identity, chunked', '', ','],
    ...[
      'chunked,',
      ',chunked',
      'chunked;q=1',
      'xchunked',
      'chunkedx',
      '"chunked"',
      'chunked\0',
      'chun ked',
      'c\x0bhunked',
    ],
  ])('refuses the transfer coding %j', (coding) => {
    expect(codeOf('host', 'a', 'transfer-encoding', coding)).toBe('transfer_coding_unsupported')
  })

  it('refuses a further coding on a line of its own', () => {
    expect(codeOf('transfer-encoding', 'gzip', 'transfer-encoding', 'chunked')).toBe('transfer_coding_unsupported')
    expect(codeOf('Transfer-Encoding', 'chunked', 'TRANSFER-ENCODING', 'gzip')).toBe('transfer_coding_unsupported')
  })
})
