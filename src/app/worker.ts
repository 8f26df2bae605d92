/** The Worker of a recipe without code of its own, holding only the permissions that the recipe needs. */
import { serveTasks } from "./worker_tasks.ts";

serveTasks();
