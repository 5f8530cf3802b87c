import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHost } from './host.js'

describe('isHost', () => {
  it.each([
    ...['proxy.test', 'PROXY.test', 'a', 'a_b.c-d', 'a.test.', 'a:0', 'a:080', 'a:65535', '3f2a1b4c5d6e:3000', '-'],
    ...['127.0.0.1', '127.0.0.1:80', '[::1]', '[::1]:8080', '[::ffff:1.2.3.4]', 'xn--bcher-kva.example'],
  ])('accepts %j', (host) => {
    expect(isHost(host)).toBe(true)
  })

  it.each([
    ...['', ':80', 'a:', 'a:b', 'a:-1', 'a:65536', 'a:99999', 'a:80:80', 'a b', 'a, b', 'user@a', 'a/b', 'a?b', 'a#b'],
    ...['a\\b', '::1', '[::1', '[zz]', '[::1%lo]', '[1.2.3.4]', 'http://a', 'a%2eb', 'caf\xe9', "a'b", 'a;b', '~a'],
    ...['1.2.3.4.5', '999.1.1.1:80', '127.1', '0x7f.1', '3000', 'a.0x', '.', '.a', 'a..b', '\n', 'a\0'],
  ])('refuses %j', (host) => {
    expect(isHost(host)).toBe(false)
  })

  it('leaves what is Punycode to the URL parser, of which Node has more and less strict ones', () => {
    expect(isHost('xn--a')).toBe(URL.canParse('http://xn--a'))
  })

  it('accepts only what a URL parser takes for the same host', () => {
    const characters = fc.constantFrom(...'a0x1.:-_[]@/%\\F9~'.split(''), 'xn--', '127', '::', '65536')
    fc.assert(
      fc.property(fc.array(characters, { minLength: 1, maxLength: 9 }), (parts) => {
        const host = parts.join('')
        if (!isHost(host)) return
        const { hostname } = new URL(`http://${host}`)
        // Only an IPv6 address has more than one spelling.
        if (!host.startsWith('[')) expect(hostname).toBe(host.replace(/:\d+$/, '').toLowerCase())
      }),
      { numRuns: 5000 },
    )
  })
})
