import { describe, expect, it } from 'vitest'
import { ProxyError } from '../errors.js'
import { createAddressSet } from './addresses.js'
import { assertAdmitted } from './admit.js'

const allow = createAddressSet(['10.0.0.0/8', '::1'], 'edge.allow')

describe('assertAdmitted', () => {
  it('lets in everybody where there is no list, also whose address cannot be told', () => {
    const empty = createAddressSet([], 'edge.allow')
    for (const address of ['203.0.113.9', '::1', null]) expect(() => assertAdmitted(address, empty)).not.toThrow()
  })

  it('lets in who is on the list', () => {
    for (const address of ['10.0.0.1', '10.255.0.1', '::1']) expect(() => assertAdmitted(address, allow)).not.toThrow()
  })

  it.each(['11.0.0.1', '127.0.0.1', '::2', '::', null])('refuses %s with 403', (address) => {
    const refuse = () => assertAdmitted(address, allow)
    expect(refuse).toThrow(ProxyError)
    expect(refuse).toThrow(
      expect.objectContaining({ code: 'address_not_allowed', status: 403, type: 'permission_error' }),
    )
  })
})
