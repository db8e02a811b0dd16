// webpack: a build of 60 modules, and a rebuild after one change that takes the rest from its cache on the disk.

import { join } from 'node:path'
import webpack from 'webpack'
import { hash, inventory, writeFiles } from './files.ts'
import type { FsModule, Program } from './program.ts'

const moduleCount = 60

export const webpackProgram: Program = {
  name: 'webpack',
  async run(fs, root) {
    const modules = Array.from({ length: moduleCount }, (_, i) => i)
    await writeFiles(fs, root, {
      ...Object.fromEntries(modules.map((i) => [`src/m${i}.js`, `export const v${i} = ${i} * 2\n`])),
      'src/index.js':
        modules.map((i) => `import { v${i} } from './m${i}.js'`).join('\n') +
        `\nexport default [${modules.map((i) => `v${i}`).join(', ')}]\n`,
      'src/package.json': '{ "type": "module", "sideEffects": true }',
    })
    const names = await fs.promises.readdir(join(root, 'src'))
    await Promise.all(names.map((name) => age(fs, join(root, 'src', name), 3600)))
    const first = await build(fs, root)
    await fs.promises.writeFile(join(root, 'src/m7.js'), 'export const v7 = "changed"\n')
    await age(fs, join(root, 'src/m7.js'), 1800)
    const second = await build(fs, root)
    const third = await build(fs, root)
    return {
      first,
      second,
      third,
      output: await inventory(fs, join(root, 'dist')),
      cached: await fs.promises.readdir(join(root, '.cache')),
    }
  },
}

/** Before webpack sets up its cache, which keeps the file system it finds. */
function onto(fs: FsModule): webpack.WebpackPluginInstance {
  return {
    apply: (compiler: webpack.Compiler) => {
      compiler.inputFileSystem = fs as unknown as NonNullable<typeof compiler.inputFileSystem>
      compiler.outputFileSystem = fs as unknown as NonNullable<typeof compiler.outputFileSystem>
      compiler.intermediateFileSystem = fs as unknown as NonNullable<typeof compiler.intermediateFileSystem>
    },
  }
}

/** webpack does not trust its cache of files as young as the build itself. */
async function age(fs: FsModule, path: string, seconds: number): Promise<void> {
  const then = Date.now() / 1000 - seconds
  await fs.promises.utimes(path, then, then)
}

async function build(fs: FsModule, root: string): Promise<unknown> {
  const compiler = webpack({
    context: root,
    mode: 'production',
    entry: './src/index.js',
    output: { path: join(root, 'dist'), filename: '[name].[contenthash].js', library: { type: 'commonjs2' } },
    optimization: { minimize: false, concatenateModules: false, moduleIds: 'named' },
    cache: {
      type: 'filesystem',
      cacheDirectory: join(root, '.cache'),
      name: 'cache',
      buildDependencies: { defaultWebpack: [] },
    },
    plugins: [onto(fs)],
    snapshot: { managedPaths: [], immutablePaths: [] },
  })
  const stats = await new Promise<webpack.Stats>((resolve, reject) => {
    compiler.run((error, result) => (error ? reject(error) : resolve(result as webpack.Stats)))
  })
  // The cache is written while the compiler closes.
  await new Promise<void>((resolve, reject) => compiler.close((error) => (error ? reject(error) : resolve())))
  const { errors = [], modules = [] } = stats.toJson({ all: false, errors: true, modules: true, cachedModules: true })
  const names = Object.keys(stats.compilation.assets).toSorted()
  const assets = await Promise.all(
    names.map(async (name) => [name, hash(await fs.promises.readFile(join(root, 'dist', name)))]),
  )
  const built = modules.filter((module) => module.built).map(({ name }) => String(name))
  return { errors: errors.map(({ message }) => message), assets, modules: modules.length, built: built.toSorted() }
}
