/** The Worker of a recipe with code of its own: plug-ins, functions. */
import { planFromTexts } from "../prepare.ts";
import { serveTasks } from "../worker_tasks.ts";

serveTasks({ loadInterface: () => import("../../mod.ts"), planFromTexts });
