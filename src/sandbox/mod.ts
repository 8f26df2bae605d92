/** From a plan to the permissions of its run, and the Worker that holds them. */
export { errorFromData, errorToData } from "./errors.ts";
export {
  absolute,
  engineFiles,
  type EngineNeeds,
  type EngineWalls,
  type Grant,
  grantsFor,
  isAddress,
  isPath,
  parentFolder,
  toDenoPermissions,
  toFlags,
  withoutCovered,
} from "./grants.ts";
export { inWorker, type WorkerRun } from "./host.ts";
export { isNamed } from "./named.ts";
