import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

const SERVER = (example: string) => fileURLToPath(new URL(`../../examples/${example}/server.ts`, import.meta.url))

it.each([
  ['express', /^There is no folder \.\/credentials: make .* as README\.md/],
  ['hono', /^Set ANTHROPIC_API_KEY and JWT_SECRET, as README\.md/],
  ['node-http', /^Set ANTHROPIC_API_KEY, as README\.md/],
])('the %s example says in one line what it lacks', (example, problem) => {
  const cwd = mkdtempSync(join(tmpdir(), 'example-'))
  onTestFinished(() => rmSync(cwd, { recursive: true }))
  const tsx = import.meta.resolve('tsx')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', tsx, SERVER(example)], {
    ...{ cwd, env: { PATH: process.env.PATH }, encoding: 'utf8', timeout: 25_000 },
  })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toMatch(problem)
  expect(stderr.trim()).not.toContain('\n')
})
