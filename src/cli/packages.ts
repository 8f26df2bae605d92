/**
 * A package, named where the program's first module can be seen to import it. Deno 2.9 takes the lock of `node_modules` and looks
 * through all that is installed for each module that imports a package which the first module's graph does not name: 0.1 s
 * for zod, which every connector and step imports. Nothing here is called, and nothing is loaded. Naming the others gains nothing.
 */
export const named = (): Promise<unknown> => import("zod");
