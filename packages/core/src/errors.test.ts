import { describe, expect, it, vi } from 'vitest'
import { ConfigurationError, errorTable, KeyRingError, ProxyError, type ProxyErrorCode, toErrorBody } from './errors.js'

const codes = Object.keys(errorTable) as ProxyErrorCode[]

/** The types that Anthropic's SDKs know, by status. */
const SDK_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  431: 'invalid_request_error',
  500: 'api_error',
  501: 'api_error',
  502: 'api_error',
  503: 'api_error',
  504: 'timeout_error',
}

async function secondCopy(): Promise<typeof import('./errors.js')> {
  vi.resetModules()
  return import('./errors.js')
}

describe('errorTable', () => {
  it.each(codes)('%s has the type that SDKs expect of its status', (code) => {
    const { status, type } = errorTable[code]
    expect(type).toBe(SDK_TYPES[status])
  })

  it.each(codes)('%s has fixed text of its own', (code) => {
    const { message } = errorTable[code]
    expect(message).toMatch(/^[A-Z][^\n]{5,}\.$/)
    expect(codes.filter((other) => errorTable[other].message === message)).toEqual([code])
  })

  it('tells clients to try again only what may pass another time', () => {
    expect(codes.filter((code) => errorTable[code].retry).toSorted()).toEqual([
      ...[
        'draining',
        'request_timeout',
        'storage_unavailable',
        'upstream_broken',
        'upstream_timeout',
        'upstream_unreachable',
      ],
    ])
  })
})

describe('ProxyError', () => {
  it('carries its row of the table and its cause', () => {
    const cause = new Error('sk-ant-FAKE')
    const error = new ProxyError('upstream_timeout', { cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name: 'ProxyError', code: 'upstream_timeout', ...errorTable.upstream_timeout, cause })
    expect(new ProxyError('internal').cause).toBeUndefined()
  })

  it('says nothing of its cause in what is shown to a client', () => {
    const error = new ProxyError('internal', { cause: new Error('sk-ant-FAKE') })
    expect(error.message + String(error) + JSON.stringify(error) + toErrorBody(error, 'id')).not.toContain('FAKE')
  })

  it('is recognised across two copies of the package, both ways', async () => {
    const copy = await secondCopy()
    expect(copy.ProxyError).not.toBe(ProxyError)
    expect(new copy.ProxyError('internal')).toBeInstanceOf(ProxyError)
    expect(new ProxyError('internal')).toBeInstanceOf(copy.ProxyError)
  })

  it('is not mistaken', () => {
    for (const other of [new Error('x'), new ConfigurationError('a', 'b'), {}, null, undefined, 'ProxyError', 1]) {
      expect(other instanceof ProxyError).toBe(false)
    }
    const lookalike = Object.assign(new Error('x'), { name: 'ProxyError', code: 'internal', status: 500 })
    expect(lookalike instanceof ProxyError).toBe(false)
  })
})

describe('ConfigurationError', () => {
  it('names the option first', () => {
    const error = new ConfigurationError('edge.allow', 'is wrong')
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'ConfigurationError',
      code: 'configuration_error',
      option: 'edge.allow',
      message: 'edge.allow: is wrong',
    })
  })

  it('is recognised across two copies of the package, and is no ProxyError', async () => {
    const copy = await secondCopy()
    expect(new copy.ConfigurationError('a', 'b')).toBeInstanceOf(ConfigurationError)
    expect(new ConfigurationError('a', 'b')).toBeInstanceOf(copy.ConfigurationError)
    expect(new ConfigurationError('a', 'b')).not.toBeInstanceOf(copy.ProxyError)
    expect(new ProxyError('internal')).not.toBeInstanceOf(ConfigurationError)
  })
})

describe('KeyRingError', () => {
  it('is recognised by its brand across two copies of the package, and by nothing else', async () => {
    const copy = await secondCopy()
    expect(new copy.KeyRingError('malformed', 'x')).toBeInstanceOf(KeyRingError)
    expect(new KeyRingError('malformed', 'x')).toBeInstanceOf(copy.KeyRingError)
    expect(new KeyRingError('malformed', 'x')).toMatchObject({ name: 'KeyRingError', code: 'malformed', message: 'x' })
    expect(Object.assign(new Error('x'), { name: 'KeyRingError' }) instanceof KeyRingError).toBe(false)
    expect(new KeyRingError('malformed', 'x')).not.toBeInstanceOf(ConfigurationError)
  })
})

describe('toErrorBody', () => {
  it.each(codes)("has the shape of the API's own errors for %s", (code) => {
    const { type, message } = errorTable[code]
    const body: unknown = JSON.parse(toErrorBody(new ProxyError(code), 'req-1'))
    expect(body).toEqual({ type: 'error', error: { type, message }, request_id: 'req-1' })
  })

  it('is one line, so that it can be the data of an event', () => {
    for (const code of codes) expect(toErrorBody(new ProxyError(code), 'req-1')).not.toMatch(/[\r\n]/)
  })
})
