"""Rights of their own: to keep a body's members, the contract of a company, and what is handed over (30, 46)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("residents", "0044_lists_are_answered_by_an_index"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="neighborhood",
            options={
                "permissions": [
                    ("view_register", "See the register, masked"),
                    ("look_up", "Unmask a resident's contact details, with a reason"),
                    ("approve_minors", "Approve that somebody else looks at a minor's details"),
                    ("manage_register", "Add and correct residents and dwellings"),
                    ("manage_access", "Gates, devices, cards and rules"),
                    ("publish_forms", "Draft and publish consent forms"),
                    ("assess", "Justify and assess the use of faces, and confirm what another wrote"),
                    ("draft_sharing", "Draft a data-sharing request"),
                    ("approve_sharing", "Open and release a data-sharing request"),
                    ("settle_departures", "Settle a dispute about who lives where"),
                    ("publish_notices", "Write and publish what one's own body lets residents know"),
                    ("answer_service", "Answer what residents ask of one's own body"),
                    ("call_meetings", "Call the owners to a meeting and a vote"),
                    ("count_votes", "Give out and read ballots on paper, and count"),
                    ("keep_members", "Co-opt and suspend members of one's own body"),
                    (
                        "keep_contracts",
                        "Write, extend and end the contract with the property company, two together",
                    ),
                    ("hand_over", "Hand over what one's own body leaves, and take over what another leaves"),
                    ("audit", "Read the record of look-ups, decisions, disclosures and erasures"),
                ],
                "verbose_name": "neighborhood",
                "verbose_name_plural": "neighborhoods",
            },
        ),
    ]
