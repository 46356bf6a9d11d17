/* What the kernel's headers say of the numbers that gate/drivers writes down. */
#include <linux/gpio.h>
#include <linux/input.h>
#include <stddef.h>
#include <stdio.h>

int main(void) {
    printf("{\"GET_LINE\": %u, \"GET_VALUES\": %u, \"SET_VALUES\": %u, \"EVIOCGRAB\": %u,\n",
           (unsigned)GPIO_V2_GET_LINE_IOCTL, (unsigned)GPIO_V2_LINE_GET_VALUES_IOCTL,
           (unsigned)GPIO_V2_LINE_SET_VALUES_IOCTL, (unsigned)EVIOCGRAB);
    printf(" \"REQUEST\": %zu, \"VALUES\": %zu, \"LINE_EVENT\": %zu, \"INPUT_EVENT\": %zu,\n",
           sizeof(struct gpio_v2_line_request), sizeof(struct gpio_v2_line_values),
           sizeof(struct gpio_v2_line_event), sizeof(struct input_event));
    printf(" \"fd\": %zu, \"config\": %zu,\n", offsetof(struct gpio_v2_line_request, fd),
           offsetof(struct gpio_v2_line_request, config));
    printf(" \"keys\": {\"0\": %d, \"1\": %d, \"a\": %d, \"z\": %d, \"-\": %d, \".\": %d, \"7 on the pad\": %d,"
           " \"enter\": %d, \"enter on the pad\": %d, \"shift\": %d, \"capitals\": %d, \"#\": %d}}\n",
           KEY_0, KEY_1, KEY_A, KEY_Z, KEY_MINUS, KEY_DOT, KEY_KP7, KEY_ENTER, KEY_KPENTER, KEY_LEFTSHIFT,
           KEY_CAPSLOCK, KEY_NUMERIC_POUND);
    return 0;
}
