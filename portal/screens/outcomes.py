"""How an enrolment ended, in plain words: what went wrong, and what to do next.

No words blame the person, and each ends with something they can do. A reason without words here fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Outcome:
    what: Promise
    next: Promise


_ANOTHER_FILE = _("Choose the photo again, or take a new one.")

# Keys: gate.photos.Refusal, and two for what happens around the photos.
OUTCOMES: Mapping[str, Outcome] = {
    "empty": Outcome(what=_("The file is empty; no picture reached us."), next=_ANOTHER_FILE),
    "not_a_picture": Outcome(
        what=_("The file is not a photo, whatever its name says."),
        next=_("Choose a photo: its name usually ends in .jpg or .png."),
    ),
    "truncated": Outcome(
        what=_("Part of the photo is missing; it was probably cut off on the way."),
        next=_("Send it once more. If it fails again, take a new photo."),
    ),
    "too_many_pixels": Outcome(
        what=_("The picture is far larger than a camera makes."),
        next=_("Send a photo straight from a phone or camera."),
    ),
    "file_too_large": Outcome(
        what=_("The file is larger than 12 megabytes."),
        next=_("Take the photo with this page's camera button, or choose a smaller size in your phone."),
    ),
    "animated": Outcome(
        what=_("The picture moves; a still photo is needed."),
        next=_("Turn live or moving pictures off in the camera, and take the photo again."),
    ),
    "format_not_supported": Outcome(
        what=_("Your phone saved the photo in a form we cannot read (often HEIC)."),
        next=_("Use this page's camera button, or set the phone's camera to “Most compatible” (JPEG)."),
    ),
    "no_face": Outcome(
        what=_("We found no face in the photo."),
        next=_("Look straight into the camera, with your whole face in the picture and nothing over it."),
    ),
    "several_faces": Outcome(
        what=_("There is more than one face in the photo."),
        next=_("Take it with nobody else in the picture, and no portrait on the wall behind you."),
    ),
    "cut_off": Outcome(
        what=_("Part of your face is outside the picture."),
        next=_("Hold the camera a little further away, with some space all round your head."),
    ),
    "too_small": Outcome(
        what=_("Your face is too small in the picture."),
        next=_("Come closer, so that your face fills about half of the picture's height."),
    ),
    "blurred": Outcome(
        what=_("The photo is blurred."),
        next=_("Wipe the lens, hold the camera still or lean it on something, and take it again."),
    ),
    "too_dark": Outcome(
        what=_("The photo is too dark to see the face well."),
        next=_("Face a window or a lamp, with no strong light behind you, and take it again."),
    ),
    "too_bright": Outcome(
        what=_("The photo is too bright to see the face well."),
        next=_("Step out of the direct sun or away from the lamp, turn the flash off, and take it again."),
    ),
    "turned_away": Outcome(
        what=_("Your face is turned to the side."),
        next=_("Look straight into the camera and take it again."),
    ),
    "different_people": Outcome(
        what=_("We could not tell that both photos show the same person."),
        next=_("Take two new photos of yourself in the same place, one soon after the other."),
    ),
    "same_picture": Outcome(
        what=_("Both photos are the same picture, or one is cut out of the other."),
        next=_("Take a second photo: move your head a little, or stand somewhere else."),
    ),
    "photos_lost": Outcome(
        what=_("The photos were gone before we could look at them. That was our doing, not yours."),
        next=_("Please send two photos once more."),
    ),
    "no_gate": Outcome(
        what=_("By now no gate of yours opens by face, so none was set up. The photos are deleted."),
        next=_("There is nothing to do. Your card opens the gates as always."),
    ),
    "could_not_finish": Outcome(
        what=_("We could not finish, through no fault of yours. The photos are deleted."),
        next=_("Try again later, or go to the property office. Your card opens the gates as always."),
    ),
}
