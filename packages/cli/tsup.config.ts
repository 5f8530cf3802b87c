import { defineConfig } from 'tsup'
import { withBuiltIn } from '../../tsup.base.js'

export default defineConfig({
  entry: ['src/main.ts'],
  format: ['esm'],
  target: 'node20',
  clean: true,
  silent: true,
  ...withBuiltIn('zod'),
})
