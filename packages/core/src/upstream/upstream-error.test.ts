import { errors } from 'undici'
import { describe, expect, it } from 'vitest'
import { ProxyError } from '../errors.js'
import { toUpstreamError } from './upstream-error.js'

const withCode = (code: string) => Object.assign(new Error('FAKE detail'), { code })

describe('toUpstreamError', () => {
  it.each([
    ['upstream_timeout', new errors.ConnectTimeoutError()],
    ['upstream_timeout', new errors.HeadersTimeoutError()],
    ['upstream_timeout', new errors.BodyTimeoutError()],
    ['upstream_timeout', withCode('ETIMEDOUT')],
    ['upstream_unreachable', withCode('ECONNREFUSED')],
    ['upstream_unreachable', withCode('ENOTFOUND')],
    ['upstream_unreachable', withCode('EAI_AGAIN')],
    ['upstream_unreachable', withCode('EHOSTUNREACH')],
    ['upstream_unreachable', withCode('ENETUNREACH')],
    ['upstream_unreachable', withCode('EMFILE')],
    ['upstream_broken', new errors.SocketError('other side closed')],
    ['upstream_broken', new errors.HTTPParserError('bad')],
    ['upstream_broken', new errors.ResponseContentLengthMismatchError()],
    ['upstream_broken', withCode('ECONNRESET')],
    ['upstream_broken', withCode('CERT_HAS_EXPIRED')],
    ['upstream_broken', new Error('no code')],
  ])('tells the client %s of %s', (code, error) => {
    const told = toUpstreamError(error)
    expect(told).toBeInstanceOf(ProxyError)
    expect(told.code).toBe(code)
    expect(told.cause).toBe(error)
    expect(told.message).not.toContain('FAKE')
  })

  it('leaves an error of ours as it is', () => {
    const error = new ProxyError('body_too_large')
    expect(toUpstreamError(error)).toBe(error)
  })
})
