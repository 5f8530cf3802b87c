import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const EXAMPLE = fileURLToPath(new URL('../../examples/rotation/rotate.ts', import.meta.url))

it('the rotation example rotates under load without one failed request', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', EXAMPLE], {
    encoding: 'utf8',
    timeout: 25_000,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^statuses under load: \{ '200': \d+ \}$/m)
  expect(stdout).toMatch(/^the old key now: 401 and the new one: 200$/m)
  expect(stdout).toMatch(/^old key: [1-9]\d* requests$/m)
  expect(stdout).toMatch(/^new key: [1-9]\d* requests$/m)
  expect(stdout).toContain('client key in overlap used')
})
