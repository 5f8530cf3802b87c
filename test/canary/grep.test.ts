import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { canaries, everyCanary, findCanaries } from './canaries.js'
import { expectNoCanary, readFolder, toBytes, toTexts } from './sinks.js'

describe('the search for canaries', () => {
  it.each(Object.entries(canaries))('finds %s wherever it is planted', (name, { value, secret }) => {
    const forms = [
      value,
      `before ${value} after`,
      JSON.stringify({ deep: [value] }),
      encodeURIComponent(value),
      Buffer.from(value).toString('base64'),
      Buffer.from(`x${value}`).toString('base64url'),
      Buffer.from(value).toString('hex'),
      secret.slice(5, 17),
      secret.slice(-12),
    ]
    for (const form of forms) {
      expect(findCanaries(form)).toContain(name)
      expect(findCanaries(Buffer.from(`\0\xff${form}`, 'latin1'))).toContain(name)
    }
  })

  it('finds them all in one text, and none where there is none', () => {
    expect(findCanaries(everyCanary)).toEqual(Object.keys(canaries))
    expect(findCanaries('sk-ant-**** FAKE Bearer ****')).toEqual([])
  })

  it('fails a test whose sink holds one, and does not quote it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'canary-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'planted'), Buffer.from(canaries.prompt.value))
    const { secret } = canaries.prompt
    const sinks = [
      readFolder(folder),
      toBytes({ sealed: Buffer.from(secret) }),
      toBytes({ sealed: new Uint8Array(Buffer.from(secret)) }),
      toTexts(new Error('outer', { cause: Object.assign(new Error('inner'), { data: secret }) })),
      toTexts({ headers: [secret] }),
    ]
    for (const content of sinks) {
      const failure = (() => {
        try {
          expectNoCanary({ sink: content })
        } catch (error) {
          return String(error)
        }
      })()
      expect(failure).toContain('prompt in sink')
      expect(failure).not.toContain(secret)
    }
  })
})
