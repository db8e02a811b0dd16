// rollup with its `fs` option: reads and writes nowhere else.

import { join } from 'node:path'
import { rollup, type RollupFsModule } from 'rollup'
import { inventory, writeFiles } from './files.ts'
import type { Program } from './program.ts'

export const rollupProgram: Program = {
  name: 'rollup',
  async run(fs, root) {
    const modules = Array.from({ length: 40 }, (_, i) => i)
    await writeFiles(fs, root, {
      ...Object.fromEntries(
        modules.map((i) => [`lib/m${i}.js`, `export const v${i} = ${i}\nexport const unused = 1\n`]),
      ),
      'main.js': modules.map((i) => `export { v${i} } from './lib/m${i}.js'`).join('\n'),
      'lazy.js': `export default () => import('./lib/m3.js')\n`,
    })
    const bundle = await rollup({
      input: [join(root, 'main.js'), join(root, 'lazy.js')],
      fs: fs.promises as unknown as RollupFsModule,
    })
    const { output } = await bundle.write({ dir: join(root, 'out') })
    await bundle.close()
    return { names: output.map(({ fileName }) => fileName).toSorted(), output: await inventory(fs, join(root, 'out')) }
  },
}
