import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'

/** Tests that share one Postgres, which starts only when one of them runs. */
const onPostgres = [
  'packages/storage-pg/test/**/*.test.ts',
  'packages/cli/test/postgres/**/*.test.ts',
  'test/canary/postgres/**/*.test.ts',
]

/** Measures how long the event loop stands still: other tests on the same cores would be measured along. */
const alone = 'packages/core/test/recording-stall.test.ts'

/** Replaces a module of Node for all that is loaded in its process. */
const withMocks = 'packages/core/src/credentials/files/fenced-write.test.ts'

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 120_000,
    // Tests wait for timers and other processes more than for a core.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.vitest-report.json' }]] : ['default'],
    // They share processes and what is loaded there, which takes a second of a core, and leave nothing behind.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts'],
          exclude: [...configDefaults.exclude, withMocks],
        },
      },
      {
        extends: true,
        test: {
          name: 'mocks',
          include: [withMocks],
          isolate: true,
        },
      },
      {
        extends: true,
        test: {
          name: 'all',
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...onPostgres, alone],
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: [alone],
          // After all others.
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: onPostgres,
          globalSetup: 'packages/storage-pg/test/support/global-setup.ts',
        },
      },
    ],
  },
})
