import { describe, expect, it } from 'vitest'
import { createFailureThrottle } from './auth-failures.js'

function open({ max = 3, windowMs = 60_000 } = {}) {
  let now = 0
  const throttle = createFailureThrottle({ max, windowMs }, { monotonic: () => now })
  return {
    pass: (ms: number) => {
      now += ms
    },
    fail: (address: string | null, keyId: string | null = null) => {
      const { code, retryAfterMs } = throttle.fail(address, keyId)
      return retryAfterMs ?? code
    },
  }
}

const FAILED = 'authentication_failed'

describe('createFailureThrottle', () => {
  it('answers 401 up to the limit, and then 429 with the time that is left of the window', () => {
    const { fail, pass } = open()
    expect([1, 2, 3].map(() => fail('192.0.2.1'))).toEqual([FAILED, FAILED, FAILED])
    expect(fail('192.0.2.1')).toBe(60_000)
    pass(59_999)
    expect(fail('192.0.2.1')).toBe(1)
    pass(1)
    expect([1, 2, 3, 4].map(() => fail('192.0.2.1'))).toEqual([FAILED, FAILED, FAILED, 60_000])
  })

  it('counts each address for itself', () => {
    const { fail } = open({ max: 1 })
    fail('192.0.2.1')
    expect(fail('192.0.2.2')).toBe(FAILED)
    expect(fail('192.0.2.1')).toBe(60_000)
  })

  it('takes an IPv6 /64 as one, and clients whose address is not known as one', () => {
    const { fail } = open({ max: 1 })
    fail('2001:db8::1')
    expect(fail('2001:db8:0:0:ffff::')).toBe(60_000)
    expect(fail('2001:db8:0:1::1')).toBe(FAILED)
    fail(null)
    expect(fail(null)).toBe(60_000)
  })

  it('counts a key id over all addresses', () => {
    const { fail } = open({ max: 2 })
    fail('192.0.2.1', 'FAKEaaaa')
    fail('192.0.2.2', 'FAKEaaaa')
    expect(fail('192.0.2.3', 'FAKEaaaa')).toBe(60_000)
    expect(fail('192.0.2.3', 'FAKEbbbb')).toBe(FAILED)
  })

  it('forgets the oldest windows of very many, and not the latest', () => {
    const { fail } = open({ max: 1 })
    fail('first')
    for (let i = 0; i < 65_536; i++) fail(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)
    expect(fail('10.0.255.255')).toBe(60_000)
    expect(fail('first')).toBe(FAILED)
  })
})
