import { builtinModules } from 'node:module'
import type { Options } from 'tsup'
import { library, withBuiltIn } from '../../tsup.base.js'

const pino = [
  ...['pino', '@pinojs/redact', 'atomic-sleep', 'on-exit-leak-free', 'pino-abstract-transport', 'pino-std-serializers'],
  ...['process-warning', 'quick-format-unescaped', 'real-require', 'safe-stable-stringify', 'sonic-boom', 'split2'],
  ...['thread-stream'],
]

/** Pino is CommonJS and requires modules of Node's, which an ES module can import alone. */
const requireOfNode: NonNullable<Options['esbuildPlugins']>[number] = {
  name: 'require-of-node',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:node:)?(?:${builtinModules.filter((name) => !name.startsWith('node:')).join('|')})$`)
    onResolve({ filter }, ({ kind, path, namespace }) => {
      if (kind !== 'require-call') return undefined
      return { path: path.replace('node:', ''), namespace: namespace === 'required' ? 'imported' : 'required' }
    })
    onLoad({ filter, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require('${path}').default`,
    }))
    onLoad({ filter, namespace: 'imported' }, ({ path }) => ({ contents: `export { default } from 'node:${path}'` }))
  },
}

export default library(['src/index.ts', 'src/node.ts', 'src/testing/index.ts', 'src/content/worker.ts'], {
  ...withBuiltIn('zod', ...pino),
  esbuildPlugins: [requireOfNode],
})
