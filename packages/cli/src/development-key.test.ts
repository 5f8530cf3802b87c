import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClientKey, digestClientKey, isClientKey } from '@agent-prompt-train/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openDevelopmentKey } from './development-key.js'

let parent: string
let dataDir: string
let file: string

beforeEach(() => {
  parent = mkdtempSync(join(realpathSync(tmpdir()), 'development-key-'))
  dataDir = join(parent, 'deep', '.data')
  file = join(dataDir, 'client-key')
})
afterEach(() => rmSync(parent, { recursive: true }))

describe('openDevelopmentKey', () => {
  it('makes a key for its owner alone, and leaves nothing else behind', () => {
    const made = openDevelopmentKey(dataDir, 'default')
    const key = readFileSync(file, 'utf8').trim()
    expect(isClientKey(key)).toBe(true)
    expect(made.file).toBe(file)
    expect(made.record).toMatchObject({ domain: 'default', digest: digestClientKey(key), revokedAt: null })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
    expect(readdirSync(dataDir)).toEqual(['client-key'])
  })

  it('opens the same key again', () => {
    const { record: made } = openDevelopmentKey(dataDir, 'default')
    const { record: opened } = openDevelopmentKey(dataDir, 'default')
    expect(opened).toEqual({ ...made, createdAt: null })
  })

  it('refuses a symbolic link, even to a good key', () => {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(join(parent, 'elsewhere'), createClientKey({ domain: 'default' }).key)
    symlinkSync(join(parent, 'elsewhere'), file)
    expectRefusal(/symbolic link/)
  })

  it('refuses a dangling symbolic link', () => {
    mkdirSync(dataDir, { recursive: true })
    symlinkSync(join(parent, 'nowhere'), file)
    expectRefusal(/symbolic link/)
  })

  it.each(['', 'cnp_live_FAKE', 'x'.repeat(100_000)])('refuses a file that holds no key', (text) => {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(file, text)
    expectRefusal(/does not hold a client key/)
  })

  it('refuses a folder in its place', () => {
    mkdirSync(file, { recursive: true })
    expectRefusal(/does not hold a client key/)
  })

  it('refuses a named pipe in its place without waiting for a writer', () => {
    mkdirSync(dataDir, { recursive: true })
    execFileSync('mkfifo', [file])
    expectRefusal(/does not hold a client key/)
  })

  it('names DATA_DIR when the folder cannot be made', () => {
    writeFileSync(join(parent, 'deep'), '')
    expect(() => openDevelopmentKey(dataDir, 'default')).toThrow(expect.objectContaining({ option: 'DATA_DIR' }))
  })
})

function expectRefusal(problem: RegExp): void {
  expect(() => openDevelopmentKey(dataDir, 'default')).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', option: file, message: expect.stringMatching(problem) }),
  )
}
