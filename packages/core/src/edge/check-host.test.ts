import { describe, expect, it } from 'vitest'
import { ProxyError } from '../errors.js'
import { assertHost } from './check-host.js'

function check(domain: string, ...hosts: readonly string[]): string {
  try {
    assertHost(['accept', '*/*', ...hosts.flatMap((host) => ['HoSt', host])], domain)
    return 'passes'
  } catch (error) {
    return error instanceof ProxyError ? error.code : 'another error'
  }
}

describe('assertHost', () => {
  it.each([
    ['example.com', 'example.com'],
    ['example.com', 'Example.COM'],
    ['example.com', 'example.com:8443'],
    ['example.com', 'example.com.'],
    ['127.0.0.1', '127.0.0.1:3000'],
    ['[::1]', '[::1]:3000'],
    ['*.example.com', 'a.example.com'],
    ['*.example.com', 'a.b.example.com:443'],
    ['*.Example.com', 'A.example.com'],
  ])('lets a key of %s be used at %s', (domain, host) => {
    expect(check(domain, host)).toBe('passes')
  })

  it.each([
    ['example.com', 'other.example'],
    ['example.com', 'a.example.com'],
    ['example.com', 'example.com.evil.test'],
    ['example.com', 'example.com@evil.test'],
    ['example.com', 'example.com:80:80'],
    ['example.com', 'example.com, example.com'],
    ['example.com', ''],
    ['*.example.com', 'example.com'],
    ['*.example.com', '.example.com'],
    ['*.example.com', 'notexample.com'],
    ['*.example.com', 'a.example.com.evil.test'],
    ['*.example.com', '*.example.org'],
  ])('refuses a key of %s at "%s"', (domain, host) => {
    expect(check(domain, host)).toBe('host_not_allowed')
  })

  it('refuses a request without Host, and one with two', () => {
    expect(check('example.com')).toBe('host_not_allowed')
    expect(check('example.com', 'example.com', 'example.com')).toBe('host_not_allowed')
  })

  it('takes the :authority of HTTP/2 for the Host, and both where there are both', () => {
    const check = (...rawHeaders: string[]) => assertHost(rawHeaders, 'example.com')
    expect(() => check(':authority', 'example.com')).not.toThrow()
    expect(() => check(':authority', 'example.com', 'host', 'example.com')).not.toThrow()
    expect(() => check(':authority', 'other.example')).toThrow(ProxyError)
    expect(() => check(':authority', 'other.example', 'host', 'example.com')).toThrow(ProxyError)
    expect(() => check(':authority', 'example.com', 'host', 'other.example')).toThrow(ProxyError)
  })
})
