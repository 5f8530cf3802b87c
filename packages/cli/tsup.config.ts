import { defineConfig } from 'tsup'
import { withZod } from '../../tsup.base.js'

export default defineConfig({
  entry: ['src/main.ts'],
  format: ['esm'],
  target: 'node20',
  clean: true,
  silent: true,
  ...withZod,
})
