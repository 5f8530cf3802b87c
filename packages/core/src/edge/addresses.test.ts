import { isIPv4 } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../errors.js'
import { createAddressSet, toAddressBlock, toPlainAddress } from './addresses.js'

const has = (entries: readonly string[], address: string) => createAddressSet(entries, 'edge.allow').has(address)

describe('createAddressSet', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
    ['10.1.2.3/8', '10.0.0.0', '10.255.255.255', '9.255.255.255'],
    ['192.168.1.128/25', '192.168.1.128', '192.168.1.255', '192.168.1.127'],
    ['192.168.1.7', '192.168.1.7', '192.168.1.7', '192.168.1.8'],
    ['192.168.1.7/32', '192.168.1.7', '192.168.1.7', '192.168.1.6'],
    ['172.16.0.0/12', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
    ['203.0.113.6/31', '203.0.113.6', '203.0.113.7', '203.0.113.8'],
    ['128.0.0.0/1', '128.0.0.0', '255.255.255.255', '127.255.255.255'],
    ['2001:db8::/32', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
    ['2001:DB8::/33', '2001:db8:7fff::1', '2001:db8::1', '2001:db8:8000::'],
    ['::1', '::1', '::1', '::2'],
    ['::1/128', '::1', '::1', '::'],
    ['fe80::/10', 'fe80::1', 'febf::ffff', 'fec0::'],
    [' 10.0.0.0/8 ', '10.0.0.0', '10.1.1.1', '11.0.0.0'],
  ])('%s reaches from %s to %s and not to %s', (entry, first, last, outside) => {
    expect(has([entry], first)).toBe(true)
    expect(has([entry], last)).toBe(true)
    expect(has([entry], outside)).toBe(false)
  })

  it('holds every address of a family with a prefix of 0, and none of the other', () => {
    for (const address of ['0.0.0.0', '127.0.0.1', '255.255.255.255']) {
      expect(has(['0.0.0.0/0'], address)).toBe(true)
    }
    for (const address of ['::', '::1', 'ffff::', '2001:db8::1']) {
      expect(has(['0.0.0.0/0'], address), address).toBe(false)
      expect(has(['::/0'], address), address).toBe(true)
    }
  })

  it('keeps the families apart', () => {
    expect(has(['::1'], '0.0.0.1')).toBe(false)
    expect(has(['0.0.0.1'], '::1')).toBe(false)
    expect(has(['2001:db8::/32'], '32.1.13.184')).toBe(false)
    expect(has(['127.0.0.1'], '::1')).toBe(false)
  })

  it('takes an IPv4-mapped address for the IPv4 address it is', () => {
    expect(has(['10.0.0.0/8'], '::ffff:10.1.2.3')).toBe(true)
    expect(has(['10.0.0.0/8'], '::ffff:a01:203')).toBe(true)
    expect(has(['10.0.0.0/8'], '::ffff:11.1.2.3')).toBe(false)
    expect(has(['10.0.0.0/8'], '::10.1.2.3')).toBe(false)
    expect(has(['::ffff:10.0.0.0/104'], '10.1.2.3')).toBe(true)
    expect(has(['::ffff:10.0.0.0/104'], '11.1.2.3')).toBe(false)
  })

  it('holds what any of its entries holds', () => {
    const entries = ['10.0.0.0/8', '2001:db8::/32', '127.0.0.1']
    for (const address of ['10.9.9.9', '2001:db8::9', '127.0.0.1']) expect(has(entries, address)).toBe(true)
    for (const address of ['127.0.0.2', '2001:db9::9', '::1']) expect(has(entries, address)).toBe(false)
  })

  it('is empty without entries, and holds nothing then', () => {
    const empty = createAddressSet([], 'edge.allow')
    expect(empty.isEmpty).toBe(true)
    expect(empty.has('127.0.0.1')).toBe(false)
    expect(createAddressSet(['::1'], 'edge.allow').isEmpty).toBe(false)
  })

  it.each([
    '',
    ' ',
    '/',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/+8',
    '10.0.0.0/8.0',
    '10.0.0.0/1e1',
    '10.0.0.0/0x8',
    '10.0.0.0/ 8',
    '10.0.0.0 /8',
    '10.0.0.0/8/8',
    '10.0.0.0/8/',
    '10.0.0.0/255.0.0.0',
    '10.0.0.0/٨',
    '10.0.0.0\\8',
    '10.0.0.0-10.0.0.255',
    '10.0.0.0/8,127.0.0.1',
    '10.0.0.*',
    '10.0.0',
    '10.1',
    '10',
    '167772161',
    '0x7f.0.0.1',
    '0x7f000001',
    '010.0.0.1',
    '10.0.0.08',
    '256.0.0.1',
    '1.2.3.4.5',
    '127.0.0.1:80',
    '[::1]',
    '[::1]:80',
    '::1/129',
    '::1/1000',
    '::1%eth0',
    'fe80::1%1/64',
    'fe80::%1',
    '1::2::3',
    '12345::',
    ':::',
    '::g',
    '::ffff:256.0.0.1',
    'localhost',
    'example.com',
    'any',
    '*',
  ])('refuses the entry %j by name', (entry) => {
    const make = () => createAddressSet(['127.0.0.1', entry], 'edge.trustedProxies')
    expect(make).toThrow(ConfigurationError)
    expect(make).toThrow(`edge.trustedProxies: "${entry}"`)
  })

  it('repeats nothing that may be a secret in the wrong place', () => {
    const make = (entry: string) => () => createAddressSet(['127.0.0.1', entry], 'edge.allow')
    expect(make(`FAKE${'0123456789ab'.repeat(4)}`)).toThrow('edge.allow: entry 2 is not an address')
    expect(make('sk-ant-api03-FAKE0123456789')).toThrow('edge.allow: "sk-ant-****" is not an address')
  })

  it('agrees with arithmetic on IPv4', () => {
    const number = fc.nat({ max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(number, fc.nat({ max: 32 }), number, fc.nat({ max: 32 }), (network, bits, noise, kept) => {
        // Shares some of its first bits with the network, so that both outcomes are common.
        const size = 2 ** (32 - kept)
        const address = network - (network % size) + (noise % size)
        const block = 2 ** (32 - bits)
        const expected = Math.floor(network / block) === Math.floor(address / block)
        expect(has([`${toIPv4(network)}/${bits}`], toIPv4(address))).toBe(expected)
        expect(has([`${toIPv4(network)}/${bits}`], `::ffff:${toIPv4(address)}`)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  it('agrees with arithmetic on IPv6', () => {
    // Not below 2000::, where IPv4-mapped addresses are.
    const number = fc.bigInt({ min: 1n << 125n, max: (1n << 128n) - 1n })
    fc.assert(
      fc.property(number, fc.nat({ max: 128 }), number, fc.nat({ max: 128 }), (network, bits, noise, kept) => {
        const size = 1n << BigInt(128 - kept)
        const address = network - (network % size) + (noise % size)
        fc.pre(address >> 96n !== 0n)
        const block = 1n << BigInt(128 - bits)
        expect(has([`${toIPv6(network)}/${bits}`], toIPv6(address))).toBe(network / block === address / block)
      }),
      { numRuns: 1000 },
    )
  })

  it('accepts nothing but addresses with a prefix, whatever the entry', () => {
    const part = fc.constantFrom(...'0123456789abcdf.:/%x- '.split(''), '10.0.0.0', '::1', '/8', '/33', '255')
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const entry = parts.join('')
        try {
          createAddressSet([entry], 'edge.allow')
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError)
          return
        }
        expect(entry.trim()).toMatch(
          /^(?:\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,3})?|[0-9a-f:.]*:[0-9a-f:.]*(?:\/\d{1,3})?)$/,
        )
      }),
      { numRuns: 2000 },
    )
  })
})

describe('toPlainAddress', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::FFFF:127.0.0.1', '127.0.0.1'],
    ['::ffff:127.0.0.1%lo', '127.0.0.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%25eth0', 'fe80::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['::10.0.0.1', '::10.0.0.1'],
  ])('makes %j into %j', (text, plain) => {
    expect(toPlainAddress(text)).toBe(plain)
  })

  // RFC 4291 section 2.5.5.2 writes one address in several ways; a log or a limit that counts by it needs one.
  it.each([
    '::ffff:7f00:1',
    '::FFFF:7F00:0001',
    '0:0:0:0:0:ffff:127.0.0.1',
    '0000::ffff:127.0.0.1',
    '0::0:ffff:7f00:1',
  ])('makes %j, which is IPv4-mapped too, into 127.0.0.1', (text) => {
    expect(toPlainAddress(text)).toBe('127.0.0.1')
  })

  it.each([
    [undefined],
    [''],
    [' 127.0.0.1'],
    ['127.0.0.1 '],
    ['127.0.0.1:443'],
    ['[::1]'],
    ['[::1]:443'],
    ['127.1'],
    ['2130706433'],
    ['0x7f.0.0.1'],
    ['0177.0.0.1'],
    ['127.0.0.01'],
    ['127.0.0.256'],
    ['127.0.0.1.'],
    ['127.0.0.1\0'],
    ['127.0.0.1\n'],
    ['1.2.3'],
    ['::ffff:127.0.0.256'],
    ['::ffff:0x7f.0.0.1'],
    ['%eth0'],
    ['unknown'],
    ['_hidden'],
    ['localhost'],
    ['for=127.0.0.1'],
    ['"127.0.0.1"'],
    ['１２７.0.0.1'],
  ])('does not take %j for an address', (text) => {
    expect(toPlainAddress(text)).toBeNull()
  })

  it('does not take an IPv4 address with a zone for one: zones are of IPv6 (RFC 4007)', () => {
    expect(toPlainAddress('127.0.0.1%eth0')).toBeNull()
    expect(toPlainAddress('127.0.0.1%, 10.0.0.1')).toBeNull()
  })

  it('keeps what is plain already', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const plain = toPlainAddress(address)
        expect(plain).not.toBeNull()
        expect(toPlainAddress(plain!)).toBe(plain)
        if (isIPv4(address)) expect(plain).toBe(address)
      }),
    )
  })
})

describe('toAddressBlock', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:0:1:2:3:4:5', '2001:db8:0:1'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:0db8:0000:0000::', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4'],
    ['::2:3:4:5:6:7:8', '0:2:3:4'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4'],
  ])('takes %s for %s', (address, block) => {
    expect(toAddressBlock(address)).toBe(block)
  })

  it('takes two IPv6 addresses for one exactly where one /64 holds both', () => {
    const groups = fc.array(fc.constantFrom('0', '1', 'ffff'), { minLength: 3, maxLength: 8 })
    const address = groups.map((all) => (all.length === 8 ? all.join(':') : `${all.slice(2).join(':')}::${all[0]}`))
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), address), fc.oneof(fc.ipV6(), address), (one, other) => {
        expect(toAddressBlock(one) === toAddressBlock(other)).toBe(has([`${one}/64`], other))
      }),
      { numRuns: 1000 },
    )
  })
})

function toIPv4(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.')
}

function toIPv6(number: bigint): string {
  const hex = number.toString(16).padStart(32, '0')
  return hex.match(/.{4}/g)!.join(':')
}
