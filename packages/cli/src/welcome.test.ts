import { describe, expect, it } from 'vitest'
import { createWelcome, toWelcomeText } from './welcome.js'

const address = 'http://127.0.0.1:3000'

describe('createWelcome', () => {
  it('lets the shell take the key from its file, whatever the path holds', () => {
    const { curl } = createWelcome(address, 'u', { by: 'key-file', file: `/it's $HOME "quoted"/client-key` })
    expect(curl).toContain(`-H "Authorization: Bearer $(cat '/it'\\''s $HOME "quoted"/client-key')"`)
  })

  it('uses a placeholder where the keys are in credential files', () => {
    const welcome = createWelcome(address, 'u', { by: 'own-key' })
    expect(welcome.curl).toContain('-H "Authorization: Bearer $CLIENT_KEY"')
    expect(toWelcomeText(welcome)).toContain('set that first')
  })

  it('sends no key where none is asked for', () => {
    expect(createWelcome(address, 'u', { by: 'anyone' }).curl).not.toContain('Authorization')
  })

  it('asks for a stream in the second line alone', () => {
    const { curl, curlStream } = createWelcome(address, 'u', { by: 'anyone' })
    expect(curl).not.toContain('"stream"')
    expect(curlStream).toContain('"stream":true')
    expect(curlStream).toMatch(/^curl -sSN http:\/\/127\.0\.0\.1:3000\/v1\/messages /)
  })
})

describe('toWelcomeText', () => {
  it('gives each curl line a line of its own', () => {
    const welcome = createWelcome(address, 'the upstream', { by: 'anyone' })
    const lines = toWelcomeText(welcome).split('\n')
    expect(lines).toEqual(expect.arrayContaining([welcome.curl, welcome.curlStream]))
    expect(lines.join('\n')).toContain('listens on http://127.0.0.1:3000\n\n  Upstream    the upstream\n')
  })
})
