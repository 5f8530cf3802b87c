import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestClientKey, isClientKey } from '@agent-prompt-train/core'
import { describe, expect, it } from 'vitest'
import { makeFolder, promptTrain } from './support/command.js'

const PACKAGE = fileURLToPath(new URL('..', import.meta.url))

/** Settings that `serve` would refuse. */
const UNUSABLE = { PORT: 'x', NODE_ENV: 'x', CREDENTIALS_DIR: '/dev/null', DATA_DIR: '/dev/null' }

async function run(...args: string[]) {
  const folder = makeFolder()
  const command = promptTrain(args, UNUSABLE, folder)
  const code = await command.exited
  expect(readdirSync(folder)).toEqual([])
  return { code, ...command.output }
}

describe('auth generate-key', () => {
  it('prints a key, its id, its digest and what to do next, and stores nothing', async () => {
    const { code, stdout, stderr } = await run('auth', 'generate-key')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, key] = /^Client key {2}(\S+)$/m.exec(stdout)!
    expect(isClientKey(key!)).toBe(true)
    expect(stdout).toContain(`Key id      ${key!.slice(9, 17)}\n`)
    expect(stdout).toContain(`Digest      ${digestClientKey(key!)}\n`)
    expect(stdout).toContain(`"client_api_keys": ["${digestClientKey(key!)}"]`)
    expect(stdout).toContain('client_api_key"')
  })

  it('prints { key, keyId, digest } with --json, another one each time', async () => {
    const first = JSON.parse((await run('auth', 'generate-key', '--json')).stdout)
    const second = JSON.parse((await run('auth', 'generate-key', '--json')).stdout)
    expect(Object.keys(first)).toEqual(['key', 'keyId', 'digest'])
    expect(first.digest).toBe(digestClientKey(first.key))
    expect(second.key).not.toBe(first.key)
  })
})

describe('the command line', () => {
  it('shows help and version, and needs nothing for it', () => {
    // Only the command's own files: nothing that it depends on can be loaded from here.
    const alone = makeFolder()
    mkdirSync(alone, { recursive: true })
    for (const part of ['bin', 'dist', 'package.json'])
      cpSync(join(PACKAGE, part), join(alone, part), { recursive: true })
    const show = (...args: string[]) =>
      execFileSync(process.execPath, [join(alone, 'bin', 'prompt-train.js'), ...args], { encoding: 'utf8' })
    expect(show('--help')).toMatch(/Commands:\n {2}serve .*\n(?: {2}.*\n)* {2}auth generate-key /)
    expect(show('serve', '--help')).toContain('ANTHROPIC_API_KEY')
    expect(show('auth', 'generate-key', '--help')).toContain('--json')
    expect(show('keys', 'rotate', '--help')).toContain('--overlap TIME')
    expect(show('credentials', 'add', '--help')).toContain('standard input')
    const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'))
    expect(show('--version')).toBe(`${version}\n`)
  })

  it.each([
    [['srve'], 'unknown command "srve"', 'prompt-train --help'],
    [['serve', '--prot'], 'unknown option "--prot"', 'prompt-train serve --help'],
  ])('refuses %j with exit code 2', async (args, problem, help) => {
    expect(await run(...args)).toEqual({ code: 2, stdout: '', stderr: `prompt-train: ${problem}\nSee: ${help}\n` })
  })
})
