// For pages without modules: <script src="https://push.example.com/halley.classic.js"></script>
import { Halley } from "./halley.js";

globalThis.Halley = Halley;
